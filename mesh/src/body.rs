//! Bodies: one known in full beforehand, with trailers, and one that sends back what comes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};

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

/// What an application answers with.
pub(super) enum Answer {
    Whole(Whole),
    /// Data as it comes, then these trailers.
    Echo {
        incoming: Incoming,
        trailers: Option<HeaderMap>,
    },
}

impl Answer {
    /// The trailers of `whole` after what comes in.
    pub(super) fn echo(incoming: Incoming, whole: Whole) -> Self {
        Self::Echo { incoming, trailers: whole.trailers }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Whole(whole) => Pin::new(whole)
                .poll_frame(context)
                .map(|frame| frame.map(|whole| whole.map_err(|never| match never {}))),
            Self::Echo { incoming, trailers } => loop {
                break match Pin::new(&mut *incoming).poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => continue,
                    Poll::Ready(None) => Poll::Ready(trailers.take().map(|trailers| Ok(Frame::trailers(trailers)))),
                    frame @ (Poll::Ready(_) | Poll::Pending) => frame,
                };
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Echo { incoming, trailers } => incoming.is_end_stream() && trailers.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Echo { .. } => SizeHint::default(),
        }
    }
}
