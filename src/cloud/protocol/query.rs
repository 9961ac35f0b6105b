//! The query protocol (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>): a form as
//! input, XML as output.

use super::xml::Xml;
use super::{Answer, answer};
use crate::cloud::error::ApiError;
use std::borrow::Cow;
use std::collections::BTreeMap;

const CONTENT_TYPE: &str = "text/xml";

/// The input of an operation: flat names with numbered lists, such as `Filters.Filter.1.Name`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    fields: BTreeMap<String, String>,
}

impl Form {
    /// Reads a form-encoded body; a name that comes twice keeps its last value.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        Self { fields: pairs(&text).map(|(n, v)| (n.into_owned(), v.into_owned())).collect() }
    }

    /// A member that is there and not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A member without which the operation cannot be called.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| {
            ApiError::new(
                "MissingParameter",
                format!("The request must contain the parameter {name}"),
            )
        })
    }

    /// The values of a list: `name.member.1` or with the list's own element name, or flattened.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.indexed(name).into_iter().filter_map(|at| self.fields.get(&at).cloned()).collect()
    }

    /// The lists' elements as prefixes, in order, for lists of structures.
    pub(crate) fn indexed(&self, name: &str) -> Vec<String> {
        let mut found = BTreeMap::new();
        let start = format!("{name}.");
        for key in self.fields.keys().filter_map(|key| key.strip_prefix(&start)) {
            let mut parts = key.split('.');
            let Some(first) = parts.next() else { continue };
            if let Ok(index) = first.parse::<u32>() {
                found.insert(index, format!("{start}{first}"));
            } else if let Some(second) = parts.next()
                && let Ok(index) = second.parse::<u32>()
            {
                found.insert(index, format!("{start}{first}.{second}"));
            }
        }
        found.into_values().collect()
    }

    /// `Tags.Tag.N.Key` and `.Value`.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        self.indexed("Tags")
            .into_iter()
            .filter_map(|at| {
                let key = self.get(&format!("{at}.Key"))?.to_owned();
                let value = self.get(&format!("{at}.Value")).unwrap_or_default().to_owned();
                Some((key, value))
            })
            .collect()
    }

    /// `Filters.Filter.N.Name` and `.Values.Value.M`.
    pub(crate) fn filters(&self) -> Vec<(String, Vec<String>)> {
        self.indexed("Filters")
            .into_iter()
            .filter_map(|at| {
                let name = self.get(&format!("{at}.Name"))?.to_owned();
                Some((name, self.list(&format!("{at}.Values"))))
            })
            .collect()
    }
}

/// The pairs of a form or of a URL's query, decoded.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digits = [ahead.next(), ahead.next()]
                    .map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
                match digits {
                    [Some(high), Some(low)] => {
                        bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                        rest = ahead;
                    }
                    _ => bytes.push(byte),
                }
            }
            _ => bytes.push(byte),
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// A success: `<ActionResponse><ActionResult>…</ActionResult><ResponseMetadata>…`.
pub(crate) fn success(request_id: &str, namespace: &str, action: &str, result: &Xml) -> Answer {
    let mut xml = Xml::default();
    xml.open_in(&format!("{action}Response"), namespace);
    xml.nest(&format!("{action}Result"), |xml| xml.append(result));
    xml.nest("ResponseMetadata", |xml| xml.text("RequestId", request_id));
    xml.close(&format!("{action}Response"));
    answer(200, CONTENT_TYPE, request_id, xml.into_string())
}

/// An error: `<ErrorResponse><Error>…</Error><RequestId>…`.
pub(crate) fn failure(request_id: &str, namespace: &str, error: &ApiError) -> Answer {
    let mut xml = Xml::default();
    xml.open_in("ErrorResponse", namespace);
    xml.nest("Error", |xml| {
        xml.text("Type", if error.status >= 500 { "Receiver" } else { "Sender" });
        xml.text("Code", &error.code);
        xml.text("Message", &error.message);
    });
    xml.text("RequestId", request_id);
    xml.close("ErrorResponse");
    answer(error.status, CONTENT_TYPE, request_id, xml.into_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_order_beyond_nine() {
        let body = (1..=11).map(|n| format!("ExportOnly.member.{n}=t{n}")).collect::<Vec<_>>();
        let form = Form::parse(body.join("&").as_bytes());
        assert_eq!(form.list("ExportOnly").last().map(String::as_str), Some("t11"));
        assert_eq!(form.list("ExportOnly").len(), 11);
    }

    #[test]
    fn filters_and_broken_escapes_are_read() {
        let form =
            Form::parse(b"Filters.Filter.1.Name=status&Filters.Filter.1.Values.Value.1=a%2Fb+c%zz");
        assert_eq!(form.filters(), [("status".to_owned(), vec!["a/b c%zz".to_owned()])]);
    }
}
