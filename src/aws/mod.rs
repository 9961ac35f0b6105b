//! SDK clients: credentials, endpoints, retries, paging, polling.
