//! Text, JSON, HTML, SARIF and JUnit from one result type.
