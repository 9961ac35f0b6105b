//! The HTTP client of every call: the SDK's own, which by itself does not heed proxy settings.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};
use std::time::Duration;

/// The longest that a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// A client that goes through the proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`
/// name, unless `proxy` is off.
pub(super) fn client(proxy: bool) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, _| connector(settings, proxy))
}

/// One connection pool.
pub(super) fn connector(settings: Option<&HttpConnectorSettings>, proxy: bool) -> Connector {
    let settings = settings
        .cloned()
        .unwrap_or_else(|| HttpConnectorSettings::builder().connect_timeout(CONNECT).build());
    let proxy = if proxy { ProxyConfig::from_env() } else { ProxyConfig::disabled() };
    Connector::builder()
        .connector_settings(settings)
        .proxy_config(proxy)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build()
}
