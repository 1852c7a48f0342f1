pub(crate) const CHILDREN: &[crate::support::Child] = &[];
