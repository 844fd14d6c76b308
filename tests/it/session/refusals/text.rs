//! Scripts and filters that cannot be read.

#![expect(clippy::too_many_lines, reason = "a long list of short questions")]

use insta::assert_snapshot;

use crate::session::flowsh;

#[test]
fn a_text_that_is_no_script_shows_where() {
    wrong!("let x = ;", @r"
    ! error: unexpected ';'
    !   --> -e:1:9
    !    |
    !  1 | let x = ;
    !    |         ^
    exit 2
    ");
    wrong!("print(", @r"
    ! error: expecting ')' to close the arguments list of this function call 'print'
    !   --> -e:1:7
    !    |
    !  1 | print(
    !    |       ^
    exit 2
    ");
    wrong!("flow.count()", @r"
    ! error: there is no variable `flow`
    !   --> -e:1:1
    !    |
    !  1 | flow.count()
    !    | ^^^^
    ! hint: did you mean `flows`?
    exit 2
    ");
    wrong!("let a = 1;\nlet b = aa;", @r"
    ! error: there is no variable `aa`
    !   --> -e:2:9
    !    |
    !  2 | let b = aa;
    !    |         ^^
    exit 2
    ");
    wrong!("eval(\"1\")", @r#"
    ! error: reserved keyword 'eval' is disabled
    !   --> -e:1:1
    !    |
    !  1 | eval("1")
    !    | ^^^^
    exit 2
    "#);
    wrong!("\"\\q\"", @r#"
    ! error: invalid escape sequence: '\q'
    !   --> -e:1:3
    !    |
    !  1 | "\q"
    !    |   ^
    exit 2
    "#);
}

#[test]
fn a_filter_that_cannot_be_read_has_a_caret_and_the_nearest_word() {
    wrong!("flows(\"tcp dprot 443\")", @r#"
    ! error: unknown word `dprot` at column 5 of `tcp dprot 443`
    ! tcp dprot 443
    !     ^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("tcp dprot 443")
    !    | ^^^^^
    ! hint: did you mean `dport`?
    exit 1
    "#);
    wrong!("flows(\"\")", @r#"
    ! error: the filter is empty
    !
    ! ^
    !   --> -e:1:1
    !    |
    !  1 | flows("")
    !    | ^^^^^
    ! hint: did you mean `all`?
    exit 1
    "#);
    wrong!("flows(\"dport 70000\")", @r#"
    ! error: dport needs a port from 0 to 65535, found `70000` at column 7 of `dport 70000`
    ! dport 70000
    !       ^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("dport 70000")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(\"src 10.0.0.0/33\")", @r#"
    ! error: src needs an address or a network: `/33` is not a prefix length of 10.0.0.0 at column 5 of `src 10.0.0.0/33`
    ! src 10.0.0.0/33
    !     ^^^^^^^^^^^
    !   --> -e:1:1
    !    |
    !  1 | flows("src 10.0.0.0/33")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(\"state established and\")", @r#"
    ! error: expected a test, found the end at column 22 of `state established and`
    ! state established and
    !                      ^
    !   --> -e:1:1
    !    |
    !  1 | flows("state established and")
    !    | ^^^^^
    exit 1
    "#);
    wrong!("flows(5)", @r#"
    ! error: a filter is text, a map, a closure or a filter, not 5
    !   --> -e:1:1
    !    |
    !  1 | flows(5)
    !    | ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows(())", @r#"
    ! error: a filter is text, a map, a closure or a filter, not nothing
    !   --> -e:1:1
    !    |
    !  1 | flows(())
    !    | ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows.where([\"tcp\"])", @r#"
    ! error: a filter is text, a map, a closure or a filter, not an array
    !   --> -e:1:7
    !    |
    !  1 | flows.where(["tcp"])
    !    |       ^^^^^
    ! hint: for example "tcp dport 443", #{ dport: 443 } or |f| f.dport == 443
    exit 1
    "#);
    wrong!("flows.where(#{ dprot: 5 })", @r"
    ! error: unknown field `dprot` at column 1 of `dprot 5`
    ! dprot 5
    ! ^^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dprot: 5 })
    !    |       ^^^^^
    ! hint: did you mean `dport`?
    exit 1
    ");
    wrong!("flows.where(#{ dport: () })", @r"
    ! error: `dport` cannot be compared with nothing
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dport: () })
    !    |       ^^^^^
    exit 1
    ");
    wrong!("flows.where(#{ dport: \"http\" })", @r#"
    ! error: dport needs a port from 0 to 65535, found `http` at column 7 of `dport http`
    ! dport http
    !       ^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ dport: "http" })
    !    |       ^^^^^
    exit 1
    "#);
    wrong!("flows.where(#{ src: [\"10.0.0.0/8\", 5.sec] })", @r#"
    ! error: src needs an address or a network: `5000000000ns` is not an IP address at column 18 of `src {10.0.0.0/8, 5000000000ns}`
    ! src {10.0.0.0/8, 5000000000ns}
    !                  ^^^^^^^^^^^^
    !   --> -e:1:7
    !    |
    !  1 | flows.where(#{ src: ["10.0.0.0/8", 5.sec] })
    !    |       ^^^^^
    exit 1
    "#);
}
