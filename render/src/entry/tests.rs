//! Path patterns as expressions of RE2.

use super::*;

#[test]
fn patterns_become_expressions() {
    assert_eq!(regex("/a.b/{id}/(c)/**"), "/a\\.b/[^/]+/\\(c\\)/.+");
    assert_eq!(regex("/pkg.Service/Method"), "/pkg\\.Service/Method");
    assert_eq!(regex("/jobs/{id}:cancel/"), "/jobs/[^/]+:cancel/");
    assert_eq!(regex("/v{n}/é.{x}"), "/v[^/]+/(?i:%C3%A9)\\.[^/]+");
}
