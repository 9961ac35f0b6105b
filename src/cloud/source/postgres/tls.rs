//! TLS to a server, with the meanings that libpq gives to `sslmode` and `sslrootcert`
//! (<https://www.postgresql.org/docs/current/libpq-ssl.html>). Of libpq's other parameters for it none
//! is heeded: they are refused, never left out.

use crate::cloud::source::{SourceError, shown};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature,
    verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// How a URL wants its connections encrypted.
pub(super) struct Tls {
    /// The URL without what is said here.
    pub(super) url: String,
    /// Whether at all.
    pub(super) mode: SslMode,
    /// Whether it is tried where a server does not take a connection without.
    pub(super) allowed: bool,
    pub(super) connector: Connector,
}

/// What is made sure of before anything is said to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// That it has the key of the certificate it shows, whichever that is.
    Nothing,
    /// That the certificate comes from an authority that is trusted.
    Authority,
    /// That it was made out to this host, too.
    Host,
}

impl Tls {
    /// Takes out of a URL what it says about TLS. Without a word on it, a server that offers TLS is
    /// spoken to by TLS, as libpq's `prefer` does.
    pub(super) fn parse(url: &str) -> Result<Self, SourceError> {
        let refused = |why| SourceError::Tls { url: shown(url), why };
        let (mut mode, mut check, mut roots) = (SslMode::Prefer, Check::Nothing, None);
        let (mut system, mut allowed) = (false, false);
        // Where the library sees the parameters begin: a password may have a `?`, a parameter an `@`.
        let host = url.find('@').map_or(0, |at| at + 1);
        let (before, parameters) = match url.get(host..).and_then(|rest| rest.find('?')) {
            Some(at) => url.split_at(host + at),
            None => (url, ""),
        };
        let mut kept = Vec::new();
        for parameter in parameters.trim_start_matches('?').split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            match name {
                "sslmode" => {
                    allowed = value == "allow";
                    (mode, check) = match value {
                        "disable" | "allow" => (SslMode::Disable, Check::Nothing),
                        "prefer" => (SslMode::Prefer, Check::Nothing),
                        "require" => (SslMode::Require, Check::Nothing),
                        "verify-ca" => (SslMode::Require, Check::Authority),
                        "verify-full" => (SslMode::Require, Check::Host),
                        _ => return Err(refused("its `sslmode` is none of libpq's")),
                    };
                }
                "sslrootcert" => {
                    let path = decoded(value).ok_or_else(|| refused("`sslrootcert` is no path"))?;
                    system = path == "system";
                    roots = Some(path).filter(|_| !system);
                }
                name if name.starts_with("ssl") || name.starts_with("channel") => {
                    return Err(refused(
                        "of libpq's parameters only `sslmode` and `sslrootcert` are heeded",
                    ));
                }
                _ if parameter.is_empty() => {}
                _ => kept.push(parameter),
            }
        }
        // The value `system` trusts the system's authorities, with `verify-full` and nothing less
        // (<https://www.postgresql.org/docs/current/libpq-connect.html>).
        if system && check != Check::Host {
            if mode != SslMode::Prefer || parameters.contains("sslmode=") {
                return Err(refused("`sslrootcert=system` wants `sslmode=verify-full`"));
            }
            (mode, check) = (SslMode::Require, Check::Host);
        }
        if roots.is_some() && mode != SslMode::Require {
            return Err(refused(
                "`sslrootcert` is heeded with `sslmode=verify-full`, `verify-ca` or `require` only",
            ));
        }
        // "If a root CA file exists, the behavior of sslmode=require will be the same as that of
        // verify-ca", says libpq's page; here when it is named.
        if roots.is_some() && mode == SslMode::Require && check == Check::Nothing {
            check = Check::Authority;
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        let plain = format!("{before}{mark}{}", kept.join("&"));
        let connector = Connector::new(check, roots.as_deref()).map_err(refused)?;
        Ok(Self { url: plain, mode, allowed, connector })
    }
}

/// A value of a URL without its percent signs.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = value.bytes();
    let mut plain = Vec::new();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(plain).ok().filter(|path| !path.is_empty())
}

/// Makes connections encrypted.
#[derive(Clone)]
pub(super) struct Connector(Arc<ClientConfig>);

impl Connector {
    /// Trusts the certificates of a file, or else the system's.
    fn new(check: Check, roots: Option<&str>) -> Result<Self, &'static str> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let trusted = match check {
            Check::Nothing => None,
            _ => Some(verifier(roots, &provider)?),
        };
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Arc::new(Verifier { check, trusted, algorithms });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| "TLS is not to be had on this machine")?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

fn verifier(
    roots: Option<&str>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, &'static str> {
    let mut store = RootCertStore::empty();
    if let Some(path) = roots {
        let found: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        for root in found.map_err(|_| "the file of `sslrootcert` cannot be read as certificates")? {
            store
                .add(root)
                .map_err(|_| "a certificate of `sslrootcert` is none of an authority")?;
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .build()
        .map_err(|_| "there are no certificates to trust")
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    trusted: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        let verified =
            trusted.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last, when all else was found right.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.check == Check::Authority => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = Encrypted;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, io::Error> {
        // A socket's path is no name, and needs none: servers offer no TLS there.
        Ok(Handshake { config: Arc::clone(&self.0), domain: domain.to_owned() })
    }
}

/// A handshake with the host of this name or address.
pub(super) struct Handshake {
    config: Arc<ClientConfig>,
    domain: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, io::Error>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.domain).map_err(io::Error::other)?;
            TlsConnector::from(self.config).connect(name, stream).await.map(Encrypted)
        })
    }
}

/// An encrypted connection.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_it_wants_to_be_encrypted() {
        for (url, plain, mode) in [
            ("postgres://h/d", "postgres://h/d", SslMode::Prefer),
            ("postgres://h/d?sslmode=disable", "postgres://h/d", SslMode::Disable),
            ("postgres://h/d?a=b&sslmode=require&c=d", "postgres://h/d?a=b&c=d", SslMode::Require),
            // What stands in a password is no parameter.
            (
                "postgres://u:p?sslmode=require@h/d",
                "postgres://u:p?sslmode=require@h/d",
                SslMode::Prefer,
            ),
        ] {
            let tls = Tls::parse(url).unwrap();
            assert_eq!((tls.url.as_str(), tls.mode), (plain, mode), "{url}");
        }
        for (url, why) in [
            ("postgres://u:secret@h/d?sslmode=always", "none of libpq's"),
            ("postgres://u:secret@h/d?sslcert=me.pem", "only `sslmode` and `sslrootcert`"),
            ("postgres://u:secret@h/d?channel_binding=require", "only `sslmode` and `sslrootcert`"),
            ("postgres://u:secret@h/d?sslmode=verify-ca&sslrootcert=/no%20where", "cannot be read"),
            ("postgres://u:secret@h/d?sslrootcert=%2", "no path"),
            ("postgres://u:secret@h/d?sslrootcert=ca.pem", "`require` only"),
            ("postgres://u:secret@h/d?sslmode=allow&sslrootcert=ca.pem", "`require` only"),
        ] {
            let error = Tls::parse(url).err().unwrap().to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{error}");
        }
    }
}
