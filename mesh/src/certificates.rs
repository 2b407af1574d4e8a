//! A certificate authority made on the spot, and the X.509-SVIDs that it issues.

use std::fmt;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::MeshError;

/// Longer than any instance of a workflow, since clocks are set forward by what it waits. Keys are worth nothing elsewhere: no
/// one else trusts the CA of a mesh.
const LIFE: Duration = Duration::from_secs(11 * 365 * 24 * 3600);

/// Clocks of two processes on one machine agree; those of a container and its host may not.
const SKEW: Duration = Duration::from_secs(60);

/// subjectAltName, RFC 5280, section 4.2.1.6.
const SUBJECT_ALT_NAME: [u64; 4] = [2, 5, 29, 17];

/// The CA of one mesh. A second one plays the foreigner.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// How many nanoseconds other clocks are ahead, by which its certificates are valid, too.
    ahead: i64,
}

/// A certificate with its private key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credential {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
    certificate_pem: String,
    key_pem: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

// By hand, so that no log shows a key.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}

impl Authority {
    /// A new CA.
    ///
    /// # Errors
    /// [`MeshError::Certificate`] if no key can be made.
    pub fn create() -> Result<Self, MeshError> {
        Self::for_clocks(0)
    }

    /// A new CA whose certificates are valid by this machine's clock and by others so many nanoseconds ahead.
    pub(super) fn for_clocks(ahead: i64) -> Result<Self, MeshError> {
        let mut params = params("stepgate lab CA", ahead);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(wrong)?;
        let pem = params.self_signed(&key).map_err(wrong)?.pem();
        let issuer = Issuer::new(params, key);
        Ok(Self { issuer, pem, ahead })
    }

    /// A certificate for a client and server with these URI SANs, in this order. An X.509-SVID has exactly one
    /// (X509-SVID, section 2).
    ///
    /// # Errors
    /// [`MeshError::Certificate`] if a name is not ASCII, or no key can be made.
    pub fn issue<U: AsRef<str>>(&self, uris: &[U]) -> Result<Credential, MeshError> {
        let name = |uri: &U| Ok(SanType::URI(uri.as_ref().try_into().map_err(wrong)?));
        let names = uris.iter().map(name).collect::<Result<_, MeshError>>()?;
        self.sign(|params| params.subject_alt_names = names)
    }

    /// The same with these bytes as the content of its subjectAltName, for tests that need a malformed one.
    ///
    /// # Errors
    /// [`MeshError::Certificate`] if no key can be made.
    pub fn issue_raw(&self, subject_alt_name: Vec<u8>) -> Result<Credential, MeshError> {
        let extension = CustomExtension::from_oid_content(&SUBJECT_ALT_NAME, subject_alt_name);
        self.sign(|params| params.custom_extensions.push(extension))
    }

    fn sign(&self, name: impl FnOnce(&mut CertificateParams)) -> Result<Credential, MeshError> {
        let mut params = params("stepgate lab workload", self.ahead);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        name(&mut params);
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(wrong)?;
        Ok(Credential {
            certificate: certificate.der().to_vec(),
            certificate_pem: certificate.pem(),
            key: key.serialize_der(),
            key_pem: key.serialize_pem(),
        })
    }

    /// The certificate of the CA.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

impl Credential {
    /// One that was made elsewhere, in PEM; the key as PKCS #8.
    ///
    /// # Errors
    /// [`MeshError::Certificate`] if a text holds something else.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, MeshError> {
        let not = |kind: &'static str| move |e| MeshError::Certificate(format!("no {kind} in PEM: {e}"));
        let shown = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(not("certificate"))?;
        let private = PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).map_err(not("PKCS #8 key"))?;
        Ok(Self {
            certificate: shown.to_vec(),
            key: private.secret_pkcs8_der().to_vec(),
            certificate_pem: certificate.to_owned(),
            key_pem: key.to_owned(),
        })
    }

    /// The certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// The private key in PEM (PKCS #8).
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    pub(super) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.key.clone().into())
    }
}

fn params(common_name: &str, ahead: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    let distance = Duration::from_nanos(ahead.unsigned_abs());
    let there = if ahead < 0 { now.checked_sub(distance) } else { now.checked_add(distance) }.unwrap_or(now);
    params.not_before = now.min(there).checked_sub(SKEW).unwrap_or(now).into();
    params.not_after = now.max(there).checked_add(LIFE).unwrap_or(now).into();
    params
}

fn wrong(error: rcgen::Error) -> MeshError {
    MeshError::Certificate(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_the_names_asked_for_and_shows_no_key() {
        let ca = Authority::create().unwrap();
        let issued = ca.issue(&["spiffe://a/b", "spiffe://c/d"]).unwrap();
        let has = |name: &[u8]| issued.certificate.windows(name.len()).any(|bytes| bytes == name);
        assert!(has(b"spiffe://a/b") && has(b"spiffe://c/d"));
        assert!(!format!("{issued:?}").contains("PRIVATE"));
        assert!(ca.issue(&["spiffe://a/\u{e9}"]).is_err());
    }
}
