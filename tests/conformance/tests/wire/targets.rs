//! Targets that Envoy, a router and an application might read differently, under each of Envoy's normalisations.
//!
//! The verdict here does not matter: `mesh::only_the_permitted` compares the requests that applications saw with those
//! that the gates logged.

use crate::http2;
use crate::mesh::{PATHS, Wire};

const TARGETS: [&[u8]; 77] = [
    b"/shots/7",
    b"/shots/7?x=/../%2f",
    b"//shots/7",
    b"/shots//7",
    b"/shots/7/",
    b"/./shots/7",
    b"/x/../shots/7",
    b"/shots/../x",
    b"/shots/7/..",
    b"/shots/7/.",
    b"/../../shots/7",
    b"/shots/%2e%2e/x",
    b"/shots/%2E%2e",
    b"/x/%2e%2e/shots/7",
    b"/x/.%2e/shots/7",
    b"/shots%2f7",
    b"/shots%2F7",
    b"/shots%5c7",
    b"/shots\\7",
    b"/x\\..\\shots\\7",
    b"/shots/7%2f..%2f..%2fx",
    b"/shots/7;x=1",
    b"/shots;x=1/7",
    b"/shots/..;/x",
    b"/x/..;/shots/7",
    b"/shots/7%3bx",
    b"/shots/7%00",
    b"/shots/7\0",
    b"/shots/7%0d%0ax-workflow-step:%20x",
    b"/shots/%zz",
    b"/shots/%",
    b"/shots/%4",
    b"/shots/%%37",
    b"/shots/%2537",
    b"/shots/%252e%252e",
    b"/shots/%u002e%u002e",
    b"/%73hots/7",
    b"/shots/%37",
    b"/shots/caf%C3%A9",
    b"/shots/caf%c3%a9",
    b"/shots/caf\xc3\xa9",
    b"/shots/\xff",
    b"/shots/%ff",
    b"/shots/%C0%AF",
    b"/shots/%C0%AE%C0%AE/x",
    b"/shots/7#x",
    b"/x#/../shots/7",
    b"/shots/7?x#y",
    b"/shots/7%23x",
    b"/shots/7%3fx",
    b"/shots/a+b",
    b"/shots/a%20b",
    b"/SHOTS/7",
    b"http://x/shots/7",
    b"http://x/y/../shots/7",
    b"*",
    b"/shots/7:cancel",
    b"/shots/7:cancel/",
    b"/shots/7%3Acancel",
    b"/shots/7%3acancel",
    b"/shots/7:%63ancel",
    b"/shots/:cancel",
    b"/shots/7:cancel:cancel",
    b"/shots/7%3Acancel:cancel",
    b"/shots/7:cancel/.",
    b"/shots/7:cancel/x/..",
    b"/end",
    b"/end/",
    b"/end//",
    b"/end/.",
    b"/end/%2e",
    b"/end/x/..",
    b"/end%2f",
    b"/caf%C3%A9/1",
    b"/caf%c3%a9/1",
    b"/cafe%CC%81/1",
    b"/caf%E9/1",
];

/// Headers by which two tasks of one path are told apart.
const HEADERS: [&[u8]; 9] = [
    b"x-tool: refund\r\n",
    b"X-Tool: look\r\n",
    b"x-tool: Refund\r\n",
    b"x-tool: refund\r\nx-tool: look\r\n",
    b"x-tool: refund\r\nX-TOOL: refund\r\n",
    b"x-tool: refund\r\nx_tool: look\r\n",
    b"x-tool: refund, look\r\n",
    b"x-tool: refund\xff\r\n",
    b"x.tool: refund\r\n",
];

pub(crate) fn all(wire: &Wire) {
    for (site, _) in PATHS {
        for target in TARGETS {
            let head =
                [b"POST ", target, b" HTTP/1.1\r\nhost: x\r\nx-original-url: /x\r\nx-rewrite-url: /x\r\n"].concat();
            let head = [
                &head[..],
                b"x-envoy-original-path: /x\r\nx-http-method-override: DELETE\r\ncontent-length: 0\r\n\r\n",
            ];
            // Envoy may end a connection on an invalid request.
            let _ = wire.block(async { wire.raw(site).await.exchange(&head.concat()).await });
            let pseudo: [(&[u8], &[u8]); 4] =
                [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"x"), (b":path", target)];
            wire.block(http2::send(wire, site, &pseudo));
        }
        for headers in HEADERS {
            let head = [b"POST /tool HTTP/1.1\r\nhost: x\r\n", headers, b"content-length: 0\r\n\r\n"].concat();
            let _ = wire.block(async { wire.raw(site).await.exchange(&head).await });
        }
        assert_eq!(wire.seen(site, "/tool").len(), 2, "{site}");
        for path in ["/shots/7:cancel", "/end", "/end/", "/caf%C3%A9/1"] {
            assert!(wire.seen(site, path).len() >= 2, "{site} {path}");
        }
        // Twice each: over HTTP/1 and over HTTP/2.
        assert!(wire.seen(site, "/shots/7").len() >= 2, "{site}");
        assert!(wire.seen(site, "/shots/caf%C3%A9").len() >= 2, "{site}");
    }
}
