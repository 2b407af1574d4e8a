//! An application that can be down, and that can misbehave in the middle of a request.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Not the address from which Envoy connects, so that no connection of its own takes the port while nothing listens.
const ADDRESS: &str = "127.77.0.1:0";

/// How an application treats each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Reads the head and answers 200.
    Answers,
    /// Reads the head and answers 503, with the headers and the body that Envoy's own 503 has.
    AnswersAsEnvoy,
    /// Reads five bytes and resets the connection.
    Resets,
    /// Reads the head and closes the connection.
    Closes,
    /// Reads five bytes, stops listening, and resets the connection.
    StopsListening,
    /// Closes the connection as soon as it is open.
    Refuses,
    /// Answers the first request of a connection with 200 and resets at the second.
    ResetsTheSecond,
    /// Reads the head and then nothing, and does not answer.
    Hangs,
    /// Over HTTP/2: reads the first frames and ends the connection with a GOAWAY that names no stream.
    GoesAway,
    /// Over HTTP/2: reads the first frames, refuses the stream and ends the connection.
    RefusesTheStream,
}

/// The application of one workload.
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    read: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    running: Option<JoinHandle<()>>,
}

impl Application {
    /// One that is down.
    pub(crate) fn down() -> Self {
        let address = TcpListener::bind(ADDRESS).unwrap().local_addr().unwrap();
        Self { address, read: Arc::default(), stop: Arc::default(), running: None }
    }

    /// Listens from now on, or does not.
    pub(crate) fn set(&mut self, behaviour: Option<Behaviour>) {
        if let Some(running) = self.running.take() {
            self.stop.store(true, Ordering::SeqCst);
            // Wakes it, if it has not stopped by itself.
            drop(TcpStream::connect(self.address));
            running.join().unwrap();
            self.stop.store(false, Ordering::SeqCst);
        }
        let Some(behaviour) = behaviour else { return };
        let listener = TcpListener::bind(self.address).unwrap();
        let (read, stop) = (Arc::clone(&self.read), Arc::clone(&self.stop));
        self.running = Some(std::thread::spawn(move || {
            loop {
                let stream = listener.accept().unwrap().0;
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                // One connection at a time; a proxy that disconnects has nothing more to see.
                if behaviour == Behaviour::StopsListening {
                    // Envoy cannot try again before the port is closed.
                    drop(listener);
                    drop(serve(stream, behaviour, &read));
                    return;
                }
                drop(serve(stream, behaviour, &read));
            }
        }));
    }

    /// The bytes of requests that it has read so far.
    pub(crate) fn bytes_read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.set(None);
    }
}

fn serve(mut stream: TcpStream, behaviour: Behaviour, read: &AtomicUsize) -> std::io::Result<()> {
    let some = |stream: &mut TcpStream, most: usize| -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let length = stream.read(&mut bytes)?;
        read.fetch_add(length, Ordering::SeqCst);
        bytes.truncate(length);
        if length == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
    };
    let head = |stream: &mut TcpStream| -> std::io::Result<()> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.extend(some(stream, 1)?);
        }
        Ok(())
    };
    match behaviour {
        Behaviour::Refuses => Ok(()),
        // Closing with bytes that were not read sends a reset.
        Behaviour::Resets | Behaviour::StopsListening => some(&mut stream, 5).map(drop),
        Behaviour::Closes => head(&mut stream),
        Behaviour::Answers => {
            head(&mut stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        }
        Behaviour::AnswersAsEnvoy => {
            head(&mut stream)?;
            let body =
                "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
            let headers = "server: envoy\r\nx-envoy-overloaded: true\r\nx-envoy-attempt-count: 0\r\n\
                           x-envoy-immediate-health-check-fail: true\r\nx-envoy-local-overloaded: true\r\n\
                           x-envoy-upstream-service-time: 0\r\nconnection: close";
            let length = body.len();
            write!(stream, "HTTP/1.1 503 Service Unavailable\r\n{headers}\r\ncontent-length: {length}\r\n\r\n{body}")
        }
        Behaviour::ResetsTheSecond => {
            head(&mut stream)?;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
            some(&mut stream, 5).map(drop)
        }
        Behaviour::Hangs => {
            head(&mut stream)?;
            while some(&mut stream, 1024).is_ok() {}
            Ok(())
        }
        Behaviour::GoesAway | Behaviour::RefusesTheStream => {
            // The preface, and at least one frame behind it.
            let mut bytes = Vec::new();
            while bytes.len() < 64 {
                bytes.extend(some(&mut stream, 4096)?);
            }
            // SETTINGS, and the acknowledgement of the proxy's own.
            stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0])?;
            let goes_away = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let refuses = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 7];
            let last = if behaviour == Behaviour::GoesAway { &goes_away[..] } else { &refuses };
            stream.write_all(last)?;
            stream.shutdown(Shutdown::Write)?;
            while some(&mut stream, 1024).is_ok() {}
            Ok(())
        }
    }
}
