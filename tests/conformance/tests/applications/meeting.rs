//! A place where two requests wait for each other, so that the application serves both at once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

/// The header lines of one request, names in lower case.
type Lines = Vec<(String, String)>;

/// It answers each request with 200, but no sooner than it has another one. It ends with the process.
pub(crate) struct Meeting {
    address: SocketAddr,
    came: Arc<Mutex<BTreeMap<String, Lines>>>,
}

impl Meeting {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let came = Arc::new(Mutex::new(BTreeMap::new()));
        let (two, all) = (Arc::new(Barrier::new(2)), Arc::clone(&came));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (two, all) = (Arc::clone(&two), Arc::clone(&all));
                thread::spawn(move || meet(stream.unwrap(), &two, &all));
            }
        });
        Self { address, came }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The parts of a header, which is a list, in the request of this name; none if it has not come.
    pub(crate) fn header(&self, request: &str, header: &str) -> Option<Vec<String>> {
        let came = self.came.lock().unwrap();
        let lines = came.get(request)?.iter().filter(|(name, _)| name == header);
        Some(lines.flat_map(|(_, value)| value.split(',')).map(|part| part.trim().to_owned()).collect())
    }

    /// A request of the test itself, for one that nobody else meets.
    pub(crate) fn join(&self) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        BufReader::new(stream).read_line(&mut String::new()).unwrap();
    }
}

fn meet(mut stream: TcpStream, two: &Barrier, all: &Mutex<BTreeMap<String, Lines>>) {
    let mut head = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // `GET /NAME HTTP/1.1`; nothing if somebody only looks whether this listens.
    let Some(name) = head.next().and_then(|line| line.split(' ').nth(1).map(|path| path.replacen('/', "", 1))) else {
        return;
    };
    let lines = head.take_while(|line| !line.is_empty());
    let lines =
        lines.filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.to_owned())));
    all.lock().unwrap().insert(name, lines.collect());
    two.wait();
    // The application may have been ended.
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
}
