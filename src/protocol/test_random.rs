//! Repeatable random input for tests.

/// Marsaglia's xorshift64*: the same seed gives the same run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A text of up to `longest` characters, including characters that encodings get wrong.
    pub(crate) fn text(&mut self, longest: usize) -> String {
        let odd: Vec<char> = "aZ09-._~ +%&=?#/!*'()\"\\\n\0;:@é€😀\u{7f}\u{ffff}".chars().collect();
        (0..self.below(longest + 1)).map(|_| *self.pick(&odd)).collect()
    }
}
