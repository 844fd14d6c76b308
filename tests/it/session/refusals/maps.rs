//! Maps that are to make or change a flow.

#![expect(clippy::too_many_lines, reason = "a long list of short questions")]

use insta::assert_snapshot;

use crate::session::flowsh;

#[test]
fn a_map_that_is_to_make_or_change_a_flow_is_read_strictly() {
    wrong!("flows.create(5)", @r"
    ! error: create needs a map, found 5
    !   --> -e:1:7
    !    |
    !  1 | flows.create(5)
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.create(#{})", @r"
    ! error: `proto` is missing
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{})
    !    |       ^^^^^^
    exit 1
    ");
    wrong!("flows.create(#{ proto: \"tpc\" })", @r#"
    ! error: `proto`: `tpc` is not a protocol
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "tpc" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"::1\" })", @r#"
    ! error: `src` and `dst` are of different families
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "::1" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"10.0.0.2\" })", @r#"
    ! error: udp needs `sport` and `dport`
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2" })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ proto: \"udp\", src: \"10.0.0.1\", dst: \"10.0.0.2\", sport: 1, dport: 99999 })", @r#"
    ! error: `dport` needs a number from 0 to 65535, found 99999
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ proto: "udp", src: "10.0.0.1", dst: "10.0.0.2", sport: 1, dport: 99999 })
    !    |       ^^^^^^
    exit 1
    "#);
    wrong!("flows.create(#{ prot: \"udp\" })", @r#"
    ! error: create has no option `prot`
    !   --> -e:1:7
    !    |
    !  1 | flows.create(#{ prot: "udp" })
    !    |       ^^^^^^
    ! hint: did you mean `proto`?
    exit 1
    "#);
    wrong!("flows.get(#{ proto: \"udp\", src: 5 })", @r#"
    ! error: `src` needs an IP address, found 5
    !   --> -e:1:7
    !    |
    !  1 | flows.get(#{ proto: "udp", src: 5 })
    !    |       ^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{})", @r#"
    ! error: update needs something to change
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{})
    !    |              ^^^^^^
    ! hint: for example #{ mark: 5 }, #{ timeout: 5.min } or #{ add_labels: ["voip"] }
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mrak: 1 })", @r#"
    ! error: update has no option `mrak`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mrak: 1 })
    !    |              ^^^^^^
    ! hint: did you mean `mark`?
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mark: -1 })", @r#"
    ! error: `mark`: `-1` is not a number from 0 to 0xffffffff
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mark: -1 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ mark: \"0x100/0xff\" })", @r#"
    ! error: `mark`: `0x100/0xff` has bits in the value that are outside of the mask
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ mark: "0x100/0xff" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ timeout: -5 })", @r#"
    ! error: `timeout` cannot be negative
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ timeout: -5 })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ timeout: \"soon\" })", @r#"
    ! error: `timeout` needs a duration, found "soon"
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ timeout: "soon" })
    !    |              ^^^^^^
    ! hint: write `30.sec`, `5.min`, or "5m"
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ state: \"OPEN\" })", @r#"
    ! error: `state`: neither tcp nor sctp has a state `OPEN`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ state: "OPEN" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ status: \"dying\" })", @r#"
    ! error: `status`: `dying` cannot be set: only seen_reply, assured, fixed_timeout and helper can
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ status: "dying" })
    !    |              ^^^^^^
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ add_labels: [\"nope\"] })", @r#"
    ! error: `add_labels`: there is no label `nope`
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ add_labels: ["nope"] })
    !    |              ^^^^^^
    ! hint: names are read from /etc/xtables/connlabel.conf; numbers go from 0 to 127
    exit 1
    "#);
    wrong!("flows(\"tcp\").update(#{ helper: \"a name that is too long\" })", @r#"
    ! error: `helper`: `a name that is too long` is no name of 1 to 15 letters
    !   --> -e:1:14
    !    |
    !  1 | flows("tcp").update(#{ helper: "a name that is too long" })
    !    |              ^^^^^^
    exit 1
    "#);
}
