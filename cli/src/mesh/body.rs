//! A body known in full beforehand, with trailers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

#[derive(Debug, Clone, Default)]
pub(super) struct Whole {
    content: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Whole {
    pub(super) fn new(content: impl Into<Bytes>, trailers: HeaderMap) -> Self {
        Self {
            content: Some(content.into()).filter(|content| !content.is_empty()),
            trailers: Some(trailers).filter(|trailers| !trailers.is_empty()),
        }
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let content = self.content.take().map(Frame::data);
        let frame = content.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let content = self.content.as_ref().map_or(0, Bytes::len);
        match (&self.trailers, u64::try_from(content)) {
            // A known length would leave HTTP/1.1 no room for trailers: they need a chunked body.
            (None, Ok(length)) => SizeHint::with_exact(length),
            _ => SizeHint::default(),
        }
    }
}
