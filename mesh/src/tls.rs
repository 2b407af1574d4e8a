//! TLS directly to a gate, with any certificate or none.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::call_error::CallError;
use super::certificates::Credential;
use super::message::Version;

/// The two ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    /// The client's certificate, if any.
    pub(super) client: Option<Credential>,
    /// The workload called.
    pub(super) name: String,
    /// How it is identified.
    pub(super) server: Server,
}

/// How a gate is identified: an X.509-SVID has no name that TLS could compare with the address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Server {
    /// Its certificate: we issued it, so we know it byte for byte.
    Shows(Vec<u8>),
    /// The certificate of the authority that issued the server's own.
    IssuedBy(Vec<u8>),
}

pub(super) enum Handshake {
    Done(Box<TlsStream<TcpStream>>),
    Refused(String),
}

/// A TLS connection to a gate.
pub type Connection = TlsStream<TcpStream>;

/// A TLS connection to the gate at `to`, which must show the certificate `server`, with the certificate `client` or none.
///
/// # Errors
/// [`CallError::Connect`], [`CallError::Tls`].
pub async fn connect(
    to: SocketAddr,
    server: &Credential,
    client: Option<&Credential>,
    version: Version,
) -> Result<Connection, CallError> {
    let refused = |error: std::io::Error| CallError::Connect(format!("{to}: {error}"));
    let stream = TcpStream::connect(to).await.map_err(refused)?;
    stream.set_nodelay(true).map_err(refused)?;
    let server = Server::Shows(server.certificate.clone());
    let ends = Ends { client: client.cloned(), name: to.ip().to_string(), server };
    match ends.handshake(stream, version).await {
        Handshake::Done(stream) => Ok(*stream),
        Handshake::Refused(why) => Err(CallError::Tls(why)),
    }
}

impl Ends {
    pub(super) async fn handshake(&self, stream: TcpStream, version: Version) -> Handshake {
        let done = match (self.config(version), self.server_name(&stream)) {
            (Ok(config), Ok(name)) => TlsConnector::from(Arc::new(config)).connect(name, stream).await,
            (Err(error), _) => return Handshake::Refused(error.to_string()),
            (_, Err(error)) => Err(error),
        };
        match done {
            Ok(stream) => Handshake::Done(Box::new(stream)),
            Err(error) => Handshake::Refused(error.to_string()),
        }
    }

    /// A name that DNS does not allow goes without SNI; the gate does not look at it.
    fn server_name(&self, stream: &TcpStream) -> std::io::Result<ServerName<'static>> {
        match ServerName::try_from(self.name.clone()) {
            Ok(name) => Ok(name),
            Err(_) => Ok(stream.peer_addr()?.ip().into()),
        }
    }

    fn config(&self, version: Version) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let known = Arc::new(Known { server: self.server.clone(), provider: Arc::clone(&provider) });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(known);
        let mut config = match &self.client {
            Some(own) => config.with_client_auth_cert(own.chain(), own.private_key())?,
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = match version {
            Version::Http1 => vec![b"http/1.1".to_vec()],
            Version::Http2 => vec![b"h2".to_vec()],
        };
        Ok(config)
    }
}

/// Accepts only one certificate, or only those of one authority.
#[derive(Debug)]
struct Known {
    server: Server,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.server {
            Server::Shows(certificate) if shown.as_ref() == certificate => {}
            Server::Shows(_) => return Err(CertificateError::ApplicationVerificationFailure.into()),
            Server::IssuedBy(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(authority.as_slice()))?;
                let algorithms = self.provider.signature_verification_algorithms.all;
                let certificate = ParsedCertificate::try_from(shown)?;
                verify_server_cert_signed_by_trust_anchor(&certificate, &roots, chain, now, algorithms)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
