//! What can be chosen.

/// How the server behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The only keys that are accepted, id and secret; any, if this is `None`.
    pub keys: Option<(String, String)>,
    /// How the stream sends.
    pub frames: Frames,
}

/// How the stream sends its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Frames {
    /// In binary frames, as the broker's paper trading does.
    #[default]
    Binary,
    /// In text frames, as its live trading does.
    Text,
}
