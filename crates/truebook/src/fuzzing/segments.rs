//! Segments: raw, sealed, encrypted; arbitrary, edited, mended, and made of frames that only look right.

use super::edit::{Edit, edit, frame_ranges};
use super::sample::{self, Secrecy};
use crate::crypt::Purpose;
use crate::frame::{self, Form, Header, Kind};
use crate::journal::load::{Fault, Loaded, check_page, decode_body, unpack};
use crate::journal::scan::{End, first_nonzero, valid_frames};
use crate::journal::segment::{
    Chain, OpenInfo, PAGE_BYTES, SealInfo, SegmentIndex, Storage, build_page, open_frame, seal_frame,
};
use crate::journal::{Context, pack};
use std::sync::LazyLock;
use truebook_core::event::Record;
use truebook_core::id::Seq;

const INDEX: SegmentIndex = SegmentIndex::new(3);
const FIRST: Seq = Seq::new(1000);
/// Events in one commit of a sample.
const COMMIT_EVENTS: u32 = 3;
/// Zeros behind the events of a raw segment.
const TAIL_BYTES: usize = 2048;

/// A valid segment and what is in it.
pub struct SegmentSample {
    context: Context,
    storage: Storage,
    open: OpenInfo,
    records: Vec<Record>,
    /// Header page, frames, and a seal or zeros.
    pub unpacked: Vec<u8>,
    /// The file's bytes.
    pub file: Vec<u8>,
}

/// Reads a segment of any bytes.
pub fn segment(data: &[u8]) {
    let Some((mode, script)) = data.split_first() else { return };
    let sample = &SAMPLES[usize::from(mode % 4)];
    match mode / 4 % 4 {
        0 => sample.read_any(script),
        1 => sample.check_file(&edit(&sample.file, &Edit::read(script))),
        2 => {
            let edited = edit(&sample.unpacked, &Edit::read(script));
            sample.check_unpacked(&edited);
            sample.read_unpacked(&mend(&edited));
        }
        _ => sample.read_unpacked(&sample.made_up(script)),
    }
}

static SAMPLES: LazyLock<[SegmentSample; 4]> = LazyLock::new(|| {
    [
        SegmentSample::new(sample::records(), Secrecy::Plain, Storage::Raw),
        SegmentSample::new(sample::records(), Secrecy::Encrypted, Storage::Raw),
        SegmentSample::new(sample::records(), Secrecy::Plain, Storage::Compressed),
        SegmentSample::new(sample::records(), Secrecy::Encrypted, Storage::Encrypted),
    ]
});

impl SegmentSample {
    /// The segment with these events.
    pub fn new(records: Vec<Record>, secrecy: Secrecy, storage: Storage) -> Self {
        let context = sample::context(secrecy);
        let open = OpenInfo { first: FIRST, prev: Chain::genesis(context.manifest.book), missing: None };
        let mut sample = Self { context, storage, open, records, unpacked: Vec::new(), file: Vec::new() };
        sample.unpacked = sample.build();
        sample.file = sample.packed(&sample.unpacked);
        let outcome = sample.read(&sample.file).map(drop);
        assert!(outcome.is_ok(), "the sample can be read: {outcome:?}");
        sample
    }

    fn build(&self) -> Vec<u8> {
        let mut bytes = build_page(INDEX, &self.context.manifest, 0);
        bytes.extend_from_slice(&open_frame(&self.open));
        let mut chain = Chain::begin(self.context.manifest.book, INDEX, self.open.prev);
        let mut seq = FIRST;
        for (record, number) in self.records.iter().zip(0_u32..) {
            let json = record.encode().unwrap_or_default();
            chain.add(seq, &json);
            self.append(&mut bytes, Kind::Event, (seq, number % COMMIT_EVENTS), &json);
            seq = seq.next();
        }
        match self.storage {
            Storage::Raw => bytes.resize(bytes.len() + TAIL_BYTES, 0),
            _ => bytes.extend_from_slice(&seal_frame(&SealInfo { next: seq, chain: chain.hash() })),
        }
        bytes
    }

    /// Appends a frame as a writer does, encrypted if it is one of a raw encrypted segment.
    fn append(&self, bytes: &mut Vec<u8>, kind: Kind, (seq, behind): (Seq, u32), payload: &[u8]) {
        let cipher = self.context.cipher.as_ref().filter(|_| self.storage == Storage::Raw);
        match cipher {
            Some(cipher) if kind == Kind::Event => {
                let sealed = cipher.seal(Purpose::Frame(seq.get()), payload);
                frame::append(bytes, Header { kind, form: Form::Encrypted, seq, behind }, &sealed);
            }
            _ => frame::append(bytes, Header { kind, form: Form::Plain, seq, behind }, payload),
        }
    }

    fn packed(&self, unpacked: &[u8]) -> Vec<u8> {
        if self.storage == Storage::Raw {
            return unpacked.to_vec();
        }
        pack(&self.context, INDEX, unpacked).map(|(_, packed)| packed).unwrap_or_default()
    }

    /// The same segment as if it were stored in another way.
    #[must_use]
    pub fn as_stored(&self, storage: Storage) -> Self {
        let Self { context, open, records, unpacked, file, .. } = self;
        Self {
            context: context.clone(),
            storage,
            open: open.clone(),
            records: records.clone(),
            unpacked: unpacked.clone(),
            file: file.clone(),
        }
    }

    /// The same segment with another content, packed anew.
    #[must_use]
    pub fn with_unpacked(&self, unpacked: &[u8]) -> Self {
        let mut other = self.as_stored(self.storage);
        other.unpacked = unpacked.to_vec();
        other.file = other.packed(unpacked);
        other
    }

    /// Whether the file is read to an end at which nothing is wrong.
    pub fn ends_cleanly(&self) -> bool {
        let loaded = self.read(&self.file);
        matches!(loaded, Ok(Loaded::Events(segment)) if !matches!(segment.end, End::Invalid(_)))
    }

    /// How many events a file gives; `None` if it is refused.
    pub fn count(&self, file: &[u8]) -> Option<usize> {
        match self.read(file).ok()? {
            Loaded::Events(segment) => Some(segment.records.len()),
            Loaded::Empty => Some(0),
        }
    }

    fn read(&self, file: &[u8]) -> Result<Loaded, Fault> {
        self.read_whole(file).map(|(loaded, _)| loaded)
    }

    fn read_whole(&self, file: &[u8]) -> Result<(Loaded, Vec<u8>), Fault> {
        let bytes = unpack(&self.context, INDEX, self.storage, file.to_vec())?;
        check_page(&bytes, INDEX, self.context.manifest.book)?;
        let loaded = decode_body(&self.context, INDEX, self.storage, &bytes)?;
        Ok((loaded, bytes))
    }

    /// Any bytes: as a file, and behind a good header page.
    fn read_any(&self, bytes: &[u8]) {
        let _ = self.read(bytes);
        let mut unpacked = self.unpacked[..PAGE_BYTES].to_vec();
        unpacked.extend_from_slice(bytes);
        self.read_unpacked(&unpacked);
    }

    fn read_unpacked(&self, unpacked: &[u8]) {
        let _ = check_page(unpacked, INDEX, self.context.manifest.book);
        let _ = decode_body(&self.context, INDEX, self.storage, unpacked);
        // What a salvage looks through.
        assert!(valid_frames(unpacked, PAGE_BYTES).all(|(at, frame)| at + frame.bytes <= unpacked.len()));
    }

    /// A file that was edited is refused, or gives the first events and no clean end, or is the same in
    /// every byte that means something.
    pub fn check_file(&self, file: &[u8]) {
        match self.read_whole(file) {
            Ok((loaded, unpacked)) => self.check(loaded, &unpacked),
            Err(fault) => assert!(!fault.is_newer(), "damage is not taken for a newer format: {fault}"),
        }
    }

    fn check_unpacked(&self, unpacked: &[u8]) {
        let page = check_page(unpacked, INDEX, self.context.manifest.book);
        let loaded = decode_body(&self.context, INDEX, self.storage, unpacked);
        if let (Ok(_), Ok(loaded)) = (page, loaded) {
            self.check(loaded, unpacked);
        }
    }

    fn check(&self, loaded: Loaded, unpacked: &[u8]) {
        let segment = match loaded {
            Loaded::Events(segment) => segment,
            Loaded::Empty => {
                assert_eq!(first_nonzero(unpacked, PAGE_BYTES), None, "only zeros are an empty segment");
                return;
            }
        };
        assert_eq!(segment.open, self.open, "the opening is as it was written");
        let known = self.records.get(..segment.records.len());
        assert_eq!(known, Some(&segment.records[..]), "what is read is the beginning of what was written");
        let valid = usize::try_from(segment.valid_bytes).unwrap_or(usize::MAX);
        assert_eq!(unpacked[..valid], self.unpacked[..valid], "valid bytes are those that were written");
        match segment.end {
            End::Invalid(_) => {}
            End::Sealed => {
                assert_eq!(segment.records.len(), self.records.len(), "a seal holds all events");
                assert_eq!(first_nonzero(unpacked, valid), None, "only zeros are behind a seal");
            }
            // Zeros in place of the last commits: only a checkpoint or a later segment can tell.
            End::Blank => {
                assert_eq!(self.storage, Storage::Raw, "what is sealed ends with a seal");
                assert_eq!(first_nonzero(unpacked, valid), None, "only zeros are a clean end");
            }
        }
    }

    /// Frames with good check sums and a content that no writer makes.
    fn made_up(&self, script: &[u8]) -> Vec<u8> {
        let mut bytes = self.unpacked[..PAGE_BYTES].to_vec();
        let mut chain = Chain::begin(self.context.manifest.book, INDEX, self.open.prev);
        let mut next = FIRST;
        for step in script.chunks(4) {
            let [what, seq, behind, pick] = [0, 1, 2, 3].map(|at| step.get(at).copied().unwrap_or(0));
            let kind = [Kind::Event, Kind::Open, Kind::Seal][usize::from(what % 3)];
            let seq = odd_number(next, seq);
            let payload = self.payload(kind, (seq, &chain), pick);
            self.append(&mut bytes, kind, (seq, u32::from(behind)), &payload);
            if what & 0x80 != 0 {
                bytes.extend_from_slice(step);
                bytes.resize(bytes.len().next_multiple_of(frame::ALIGN_BYTES), 0);
            }
            match kind {
                Kind::Open => next = seq,
                Kind::Event if seq == next => {
                    chain.add(seq, &payload);
                    next = odd_number(seq, 1);
                }
                _ => {}
            }
        }
        bytes
    }

    fn payload(&self, kind: Kind, (seq, chain): (Seq, &Chain), pick: u8) -> Vec<u8> {
        let record = &self.records[usize::from(pick) % self.records.len()];
        match kind {
            Kind::Event if pick < 0xf0 => record.encode().unwrap_or_default(),
            Kind::Event => b"{\"v\":1}"[..usize::from(pick % 8)].to_vec(),
            Kind::Open => {
                let number = |add| odd_number(seq, pick.wrapping_add(add)).get();
                let prev = chain.hash();
                let missing =
                    format!("{{\"from\":{},\"to\":{},\"state_at\":{}}}", number(0), number(1), number(2));
                let missing = if pick.is_multiple_of(2) { "null" } else { &missing };
                format!("{{\"first\":{},\"prev\":\"{prev}\",\"missing\":{missing}}}", seq.get()).into_bytes()
            }
            Kind::Seal => {
                serde_json::to_vec(&SealInfo { next: seq, chain: chain.hash() }).unwrap_or_default()
            }
        }
    }
}

/// The number itself, one near it, or one at a limit.
fn odd_number(seq: Seq, pick: u8) -> Seq {
    Seq::new(match pick {
        0..=0xdf => seq.get().wrapping_add(u64::from(pick % 4)),
        0xe0..=0xef => seq.get().wrapping_sub(u64::from(pick % 8)),
        0xf0..=0xf7 => Seq::MAX.get() - u64::from(pick % 2),
        0xf8..=0xfb => u64::MAX - u64::from(pick % 2),
        _ => u64::from(pick % 2),
    })
}

/// Makes the check sums of a segment fit its bytes.
pub fn mend(unpacked: &[u8]) -> Vec<u8> {
    let mut bytes = unpacked.to_vec();
    if let Some(page) = bytes.get_mut(..PAGE_BYTES) {
        page[16..20].fill(0);
        let crc = crc32c::crc32c(page);
        page[16..20].copy_from_slice(&crc.to_le_bytes());
    }
    for range in frame_ranges(&bytes) {
        let payload = u32::from_le_bytes([
            bytes[range.start],
            bytes[range.start + 1],
            bytes[range.start + 2],
            bytes[range.start + 3],
        ]);
        if frame::HEADER_BYTES + payload as usize <= range.len() {
            frame::sum(&mut bytes[range]);
        }
    }
    bytes
}
