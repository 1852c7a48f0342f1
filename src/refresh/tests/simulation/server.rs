//! A service in each class of rotation, and the API behind it.

/// What a service does with a used refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// A used token stays valid.
    None,
    /// A used token is valid until its successor or the new access token is used.
    UntilUsed,
    /// A used token is valid until its successor or the new access token is used; a later use revokes the
    /// login.
    UntilUsedFamily,
    /// A used token is valid for a window; a second token pair is valid beside the first.
    Grace,
    /// A used token is valid for a window; a second token pair revokes the first pair.
    GraceFirstDies,
    /// A used token is valid for a window; a later use revokes the login.
    GraceFamily,
    /// A used token is invalid at once.
    Strict,
    /// A used token is invalid at once, and a second use revokes the login.
    StrictFamily,
}

impl Class {
    pub(super) fn ends_login(self) -> bool {
        matches!(self, Class::UntilUsedFamily | Class::GraceFamily | Class::StrictFamily)
    }

    pub(super) fn has_window(self) -> bool {
        matches!(self, Class::Grace | Class::GraceFirstDies | Class::GraceFamily)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct RefreshToken {
    pub(super) parent: Option<usize>,
    pub(super) used_at: Option<u64>,
    successor_used: bool,
    dead: bool,
}

#[derive(Clone, Debug)]
pub(super) struct AccessToken {
    pub(super) refresh: usize,
    pub(super) issued: u64,
    pub(super) end: u64,
    /// The expiry that the client computes, from the start of its request.
    pub(super) told_end: u64,
    pub(super) dead: bool,
}

pub(super) struct Service {
    pub(super) class: Class,
    pub(super) window: u64,
    pub(super) life: u64,
    pub(super) ends_access: bool,
    pub(super) refresh: Vec<RefreshToken>,
    pub(super) access: Vec<AccessToken>,
    pub(super) ended: bool,
}

impl Service {
    /// Makes a service that has issued `r0` and `a0`.
    pub(super) fn new(class: Class, window: u64, life: u64, ends_access: bool) -> Service {
        let first = AccessToken { refresh: 0, issued: 0, end: life, told_end: life, dead: false };
        Service {
            class,
            window,
            life,
            ends_access,
            refresh: vec![RefreshToken::default()],
            access: vec![first],
            ended: false,
        }
    }

    /// Whether a refresh with this token would work now.
    pub(super) fn takes(&self, token: usize, now: u64) -> bool {
        let Some(known) = self.refresh.get(token) else { return false };
        !self.ended
            && !known.dead
            && match self.class {
                Class::None => true,
                Class::UntilUsed | Class::UntilUsedFamily => !known.successor_used,
                Class::Grace | Class::GraceFirstDies | Class::GraceFamily => {
                    known.used_at.is_none_or(|at| now < at + self.window)
                }
                Class::Strict | Class::StrictFamily => known.used_at.is_none(),
            }
    }

    /// Answers a refresh request. Returns the new refresh token and access token.
    pub(super) fn refresh(&mut self, token: usize, now: u64) -> Option<(usize, usize)> {
        if !self.takes(token, now) {
            let reuse = self.refresh.get(token).is_some_and(|known| known.used_at.is_some());
            self.ended |= reuse && self.class.ends_login();
            return None;
        }
        if self.ends_access {
            self.access.iter_mut().for_each(|access| access.dead = true);
        }
        let mut new = token;
        if self.class != Class::None {
            self.used(token);
            if self.class == Class::GraceFirstDies {
                let children = self.refresh.iter_mut().filter(|child| child.parent == Some(token));
                children.for_each(|child| child.dead = true);
            }
            self.refresh[token].used_at.get_or_insert(now);
            new = self.refresh.len();
            self.refresh.push(RefreshToken { parent: Some(token), ..RefreshToken::default() });
        }
        let end = now + self.life;
        self.access.push(AccessToken {
            refresh: new,
            issued: now,
            end,
            told_end: end,
            dead: false,
        });
        Some((new, self.access.len() - 1))
    }

    /// Records that this token, or the access token that came with it, was used. The tokens that this token
    /// replaced then become invalid.
    fn used(&mut self, token: usize) {
        let mut parent = self.refresh[token].parent;
        while let Some(before) = parent {
            self.refresh[before].successor_used = true;
            parent = self.refresh[before].parent;
        }
    }

    /// Whether the API would accept this access token.
    pub(super) fn works(&self, access: usize, now: u64) -> bool {
        !self.ended && self.access.get(access).is_some_and(|known| !known.dead && now < known.end)
    }

    /// Answers a request to the API.
    pub(super) fn call(&mut self, access: usize, now: u64) -> bool {
        let works = self.works(access, now);
        if works {
            self.used(self.access[access].refresh);
        }
        works
    }
}
