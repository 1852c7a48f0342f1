//! Feeds fuzz targets on stable.

use crate::protocol::test_random::Random;

/// Changes, removes, doubles and inserts bytes.
fn mutated(random: &mut Random, seed: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => bytes.insert(at, *random.pick(b"\"\\{}[]:,&=%+?#0e-\0\xff\xf0")),
            _ => {
                let words = ["null", "\"error\":1,", "refresh_token", "\\ud800", "%2B", "1e999"];
                bytes.splice(at..at, random.pick(&words).bytes());
            }
        }
    }
    bytes
}

/// Feeds a target with whole, cut and mutated seeds. If `EVERGRANT_SEEDS` names a folder, also
/// writes the seeds there for libFuzzer.
pub(crate) fn fed(name: &str, target: fn(&[u8]), seeds: &[Vec<u8>], rounds: usize) {
    if let Some(folder) = std::env::var_os("EVERGRANT_SEEDS") {
        let folder = std::path::Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (n, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{n}")), seed).unwrap();
        }
    }
    for seed in seeds {
        for end in 0..=seed.len() {
            target(&seed[..end]);
        }
    }
    let mut random = Random::new(11);
    for _ in 0..rounds {
        let seed = random.pick(seeds).clone();
        target(&mutated(&mut random, &seed));
    }
}
