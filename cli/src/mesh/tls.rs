//! TLS from here straight to a gate, with any certificate or none.

use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::certificates::Credential;
use super::message::Version;

/// The two ends of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ends {
    /// What we show.
    pub(super) client: Option<Credential>,
    /// The workload called.
    pub(super) name: String,
    /// Its certificate: we issued it, so we know it byte for byte.
    pub(super) server: Vec<u8>,
}

pub(super) enum Handshake {
    Done(Box<TlsStream<TcpStream>>),
    Refused(String),
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
        let pinned = Arc::new(Pinned { certificate: self.server.clone(), provider: Arc::clone(&provider) });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(pinned);
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

/// Takes one certificate and no other: stricter than a name, which an X.509-SVID does not have.
#[derive(Debug)]
struct Pinned {
    certificate: Vec<u8>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match shown.as_ref() == self.certificate {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
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
