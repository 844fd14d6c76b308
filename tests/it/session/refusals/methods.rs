//! What methods say to what they do not take.

#![expect(clippy::too_many_lines, reason = "a long list of short questions")]

use insta::assert_snapshot;

use crate::session::flowsh;

#[test]
fn a_method_says_what_it_needs() {
    wrong!("flows.take(-1)", @r"
    ! error: take cannot be negative, found -1
    !   --> -e:1:7
    !    |
    !  1 | flows.take(-1)
    !    |       ^^^^
    exit 1
    ");
    wrong!("flows.take(\"5\")", @r#"
    ! error: there is no function take(Query, string)
    !   --> -e:1:7
    !    |
    !  1 | flows.take("5")
    !    |       ^^^^
    ! hint: `take` exists, but not for these: help("take") shows how
    exit 1
    "#);
    wrong!("flows.skip(())", @r#"
    ! error: there is no function skip(Query, nothing)
    !   --> -e:1:7
    !    |
    !  1 | flows.skip(())
    !    |       ^^^^
    ! hint: `skip` exists, but not for these: help("skip") shows how
    exit 1
    "#);
    wrong!("flows.top(-1)", @r"
    ! error: top cannot be negative, found -1
    !   --> -e:1:7
    !    |
    !  1 | flows.top(-1)
    !    |       ^^^
    exit 1
    ");
    wrong!("flows.top(3, \"byte\")", @r#"
    ! error: a flow has no field `byte`
    !   --> -e:1:7
    !    |
    !  1 | flows.top(3, "byte")
    !    |       ^^^
    ! hint: did you mean `bytes`?
    exit 1
    "#);
    wrong!("flows.sort(\"\")", @r#"
    ! error: a flow has no field ``
    !   --> -e:1:7
    !    |
    !  1 | flows.sort("")
    !    |       ^^^^
    ! hint: `help("Flow")` lists the fields
    exit 1
    "#);
    wrong!("flows.sort(5)", @r#"
    ! error: sort needs the name of a field or a closure, not 5
    !   --> -e:1:7
    !    |
    !  1 | flows.sort(5)
    !    |       ^^^^
    exit 1
    "#);
    wrong!("flows.group()", @r#"
    ! error: there is no function group(Query)
    !   --> -e:1:7
    !    |
    !  1 | flows.group()
    !    |       ^^^^^
    ! hint: `group` exists, but not for these: help("group") shows how
    exit 1
    "#);
    wrong!("flows.group(\"scr\")", @r#"
    ! error: a flow has no field `scr`
    !   --> -e:1:7
    !    |
    !  1 | flows.group("scr")
    !    |       ^^^^^
    ! hint: did you mean `src`?
    exit 1
    "#);
    wrong!("flows.group(\"bytes\")", @r#"
    ! error: group would have two columns `bytes`
    !   --> -e:1:7
    !    |
    !  1 | flows.group("bytes")
    !    |       ^^^^^
    ! hint: give one another name: #{ other: |f| f.bytes }
    exit 1
    "#);
    wrong!("flows.select([])", @r"
    ! error: select needs at least one column
    !   --> -e:1:7
    !    |
    !  1 | flows.select([])
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.select(\"src\", \"src\")", @r#"
    ! error: select would have two columns `src`
    !   --> -e:1:7
    !    |
    !  1 | flows.select("src", "src")
    !    |       ^^^^^^
    ! hint: give one another name: #{ other: |f| f.src }
    exit 1
    "#);
    wrong!("flows.sum(\"byte\")", @r#"
    ! error: a flow has no field `byte`
    !   --> -e:1:7
    !    |
    !  1 | flows.sum("byte")
    !    |       ^^^
    ! hint: did you mean `bytes`?
    exit 1
    "#);
    wrong!("flows.sum([])", @r"
    ! error: sum needs the name of a field or a closure, not an array
    !   --> -e:1:7
    !    |
    !  1 | flows.sum([])
    !    |       ^^^
    exit 1
    ");
    wrong!("flows.rates(\"soon\")", @r#"
    ! error: rates needs a duration, found "soon"
    !   --> -e:1:7
    !    |
    !  1 | flows.rates("soon")
    !    |       ^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("flows.rates(-1.sec)", @r"
    ! error: rates cannot be negative
    !   --> -e:1:7
    !    |
    !  1 | flows.rates(-1.sec)
    !    |       ^^^^^
    exit 1
    ");
    wrong!("flows.delete()", @r"
    ! error: this would delete every flow
    !   --> -e:1:7
    !    |
    !  1 | flows.delete()
    !    |       ^^^^^^
    ! hint: write flows.flush() if you mean it, or narrow with flows.where(…)
    exit 1
    ");
    wrong!("flows(|f| true).delete()", @r"
    ! error: this would delete every flow
    !   --> -e:1:17
    !    |
    !  1 | flows(|f| true).delete()
    !    |                 ^^^^^^
    ! hint: write flows.flush() if you mean it, or narrow with flows.where(…)
    exit 1
    ");
    wrong!("flows.skip(0).delete()", @r"
    ! error: this would delete every flow
    !   --> -e:1:15
    !    |
    !  1 | flows.skip(0).delete()
    !    |               ^^^^^^
    ! hint: write flows.flush() if you mean it, or narrow with flows.where(…)
    exit 1
    ");
    wrong!("flows(\"tcp\").delete(5)", @r#"
    ! error: there is no function delete(Query, int)
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(5)
    !    |              ^^^^^^
    ! hint: `delete` exists, but not for these: help("delete") shows how
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ mx: 5 })", @r#"
    ! error: a change has no option `mx`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ mx: 5 })
    !    |              ^^^^^^
    ! hint: did you mean `max`?
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ max: -1 })", @r#"
    ! error: `-1` is no limit: write a number of flows, or `10%`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ max: -1 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").delete(#{ max: \"ten\" })", @r#"
    ! error: `ten` is no limit: write a number of flows, or `10%`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").delete(#{ max: "ten" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").zero()", @r#"
    ! error: zero() works on the whole table or one family
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").zero()
    !    |              ^^^^
    ! hint: the kernel zeroes each flow that it sends, also those a filter drops
    exit 1
    "#);
    wrong!("flows.first", @r"
    ! error: a value of type Query has no property `first`
    !   --> -e:1:7
    !    |
    !  1 | flows.first
    !    |       ^^^^^
    ! hint: it is a function: write `first()`
    exit 1
    ");
    wrong!("flows.frist()", @r"
    ! error: there is no function frist(Query)
    !   --> -e:1:7
    !    |
    !  1 | flows.frist()
    !    |       ^^^^^
    ! hint: did you mean `first`?
    exit 1
    ");
    wrong!("window(0.sec)", @r"
    ! error: a window needs a length
    !   --> -e:1:1
    !    |
    !  1 | window(0.sec)
    !    | ^^^^^^
    exit 1
    ");
    wrong!("window(\"\")", @r#"
    ! error: window needs a duration, found ""
    !   --> -e:1:1
    !    |
    !  1 | window("")
    !    | ^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("window(1.sec).top(-1)", @r"
    ! error: top cannot be negative, found -1
    !   --> -e:1:15
    !    |
    !  1 | window(1.sec).top(-1)
    !    |               ^^^
    exit 1
    ");
    wrong!("every(0.sec, || 1)", @r"
    ! error: every needs at least a millisecond
    !   --> -e:1:1
    !    |
    !  1 | every(0.sec, || 1)
    !    | ^^^^^
    exit 1
    ");
    wrong!("after(\"x\", || 1)", @r#"
    ! error: after needs a duration, found "x"
    !   --> -e:1:1
    !    |
    !  1 | after("x", || 1)
    !    | ^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("sleep(-1)", @r"
    ! error: sleep cannot be negative
    !   --> -e:1:1
    !    |
    !  1 | sleep(-1)
    !    | ^^^^^
    exit 1
    ");
    wrong!("exit(256)", @r"
    ! error: an exit status is 0 to 255, not 256
    !   --> -e:1:1
    !    |
    !  1 | exit(256)
    !    | ^^^^
    exit 1
    ");
    wrong!("exit(\"1\")", @r#"
    ! error: an exit status is 0 to 255, not "1"
    !   --> -e:1:1
    !    |
    !  1 | exit("1")
    !    | ^^^^
    exit 1
    "#);
    wrong!("duration(\"5 parsecs\")", @r#"
    ! error: duration needs a duration, found "5 parsecs"
    !   --> -e:1:1
    !    |
    !  1 | duration("5 parsecs")
    !    | ^^^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("ip(\"10.0.0\")", @r#"
    ! error: ip needs an IP address, found "10.0.0"
    !   --> -e:1:1
    !    |
    !  1 | ip("10.0.0")
    !    | ^^
    exit 1
    "#);
    wrong!("net(\"10.0.0.0/40\")", @r#"
    ! error: `/40` is not a prefix length of 10.0.0.0
    !   --> -e:1:1
    !    |
    !  1 | net("10.0.0.0/40")
    !    | ^^^
    exit 1
    "#);
    wrong!("ip(\"10.0.0.1\") / 33", @r#"
    ! error: /33 is no prefix of 10.0.0.1
    !   --> -e:1:16
    !    |
    !  1 | ip("10.0.0.1") / 33
    !    |                ^
    exit 1
    "#);
    wrong!("ip(\"10.0.0.1\") < \"x\"", @r#"
    ! error: "x" is not an IP address
    !   --> -e:1:16
    !    |
    !  1 | ip("10.0.0.1") < "x"
    !    |                ^
    exit 1
    "#);
    wrong!("flows.on(\"born\", |e| 1)", @r#"
    ! error: there are no `born` events
    !   --> -e:1:7
    !    |
    !  1 | flows.on("born", |e| 1)
    !    |       ^^
    ! hint: there are new, update and destroy
    exit 1
    "#);
    wrong!("flows.on(\"new\", |a, b| 1)", @r#"
    ! error: the closure must take 1 argument, not 2
    !   --> -e:1:7
    !    |
    !  1 | flows.on("new", |a, b| 1)
    !    |       ^^
    ! hint: write it as `|e| …`
    exit 1
    "#);
    wrong!("every(1.sec, |x| 1)", @r"
    ! error: the closure must take 0 arguments, not 1
    !   --> -e:1:1
    !    |
    !  1 | every(1.sec, |x| 1)
    !    | ^^^^^
    ! hint: write it as `|| …`
    exit 1
    ");
    wrong!("flows.on(5, |e| 1)", @r"
    ! error: the kind of an event is text or a list, not 5
    !   --> -e:1:7
    !    |
    !  1 | flows.on(5, |e| 1)
    !    |       ^^
    exit 1
    ");
    wrong!("flows.on(\"new\", #{ pre: \"src\" }, |e| 1)", @r#"
    ! error: on has no option `pre`
    !   --> -e:1:7
    !    |
    !  1 | flows.on("new", #{ pre: "src" }, |e| 1)
    !    |       ^^
    ! hint: did you mean `per`?
    exit 1
    "#);
    wrong!("help(\"flws\")", @r#"
    ! error: there is no help on `flws`
    !   --> -e:1:1
    !    |
    !  1 | help("flws")
    !    | ^^^^
    ! hint: did you mean `flows`?
    exit 1
    "#);
    wrong!("import \"std/nta\" as nat;", @r#"
    ! error: there is no module "std/nta"
    !   --> -e:1:8
    !    |
    !  1 | import "std/nta" as nat;
    !    |        ^
    ! hint: did you mean "std/nat"?
    exit 1
    "#);
}
