//! What the system knows of a flow besides the kernel's table: its process, the names of its
//! addresses. No packet leaves: names are in a hosts file, or asked of a resolver that is a test.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use crate::lab::{PATIENCE, eval, in_namespace, nft, run, until};

/// Makes the kernel track packets between addresses that are all this machine's.
fn tracked() {
    run("ip", &["route", "add", "local", "10.0.0.0/8", "dev", "lo"]).ok();
    nft("table inet t {
        chain c { type filter hook output priority 0
            ct state new accept
        }
    }");
}

/// A directory of settings of its own; nothing of the machine's is changed.
fn resolver(files: &[(&str, &str)]) {
    run("mount", &["-t", "tmpfs", "none", "/etc"]).ok();
    for (name, text) in files {
        std::fs::write(format!("/etc/{name}"), text).unwrap();
    }
}

#[test]
fn the_process_at_either_end_is_known() {
    in_namespace(|| {
        tracked();
        let listener = TcpListener::bind("[::]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let _client = TcpStream::connect(("10.0.0.5", port)).unwrap();
        let _server = listener.accept().unwrap();
        // A socket that takes packets from anywhere, and one that was not connected either.
        let any = UdpSocket::bind("0.0.0.0:0").unwrap();
        let sender = UdpSocket::bind("0.0.0.0:0").unwrap();
        sender.send_to(b"x", ("10.0.0.6", any.local_addr().unwrap().port())).unwrap();
        until(|| eval("flows.count()") == "2");
        let told = eval(
            r#"flows.sort("proto").map(|f| [f.process.pid, f.orig.process.pid, f.reply.process.pid])"#,
        );
        let pid = std::process::id();
        assert_eq!(told, format!("[[{pid},{pid},{pid}],[{pid},{pid},{pid}]]"));
        let name = std::fs::read_to_string("/proc/self/comm").unwrap();
        let told = eval(r#"flows("tcp").map(|f| [f.process.name, f.process.user])"#);
        assert!(told.starts_with(&format!("[[\"{}\",\"", name.trim_end())), "{told}");
        let column = eval(r#"flows.group("process").map(|row| row.flows)"#);
        assert_eq!(column, "[2]");
    });
}

#[test]
fn a_forwarded_flow_has_no_process_even_if_its_port_is_served_here() {
    in_namespace(|| {
        let here = UdpSocket::bind("0.0.0.0:0").unwrap();
        let port = here.local_addr().unwrap().port();
        let told = eval(&format!(
            r#"flows.create(#{{ proto: "udp", src: "192.0.2.1", dst: "192.0.2.2", sport: {port},
                                dport: {port}, timeout: 60.sec }});
               flows.map(|f| f.process)"#
        ));
        assert_eq!(told, "[null]");
    });
}

#[test]
fn the_owner_in_another_namespace_is_found_there() {
    in_namespace(|| {
        run("mount", &["-t", "tmpfs", "none", "/run"]).ok();
        run("ip", &["netns", "add", "blue"]).ok();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let told = eval(&format!(
            r#"let flow = #{{ proto: "udp", src: "127.0.0.1", dst: "127.0.0.9", sport: {port}, dport: 9,
                             timeout: 60.sec }};
               flows.create(flow);
               netns("blue").flows.create(flow);
               [flows.first().process == (), netns_all().flows.first().process == (),
                flows.first().process == ()]"#
        ));
        assert_eq!(told, "[false,true,false]");
    });
}

#[test]
fn an_address_has_the_name_that_the_system_gives_it() {
    in_namespace(|| {
        resolver(&[
            ("nsswitch.conf", "hosts: files\n"),
            ("hosts", "10.0.0.5 server.example\n2001:db8::5 six.example\n"),
        ]);
        let told = eval(
            r#"flows.create(#{ proto: "udp", src: "10.0.0.5", dst: "10.0.0.6", sport: 1, dport: 2, timeout: 60.sec });
               let f = flows.first();
               [f.src.name, f.dst.name, f["reply.dst"].name, ip("2001:db8::5").name,
                flows.select("src.name", "dst.name").array().len(), flows.distinct("src.name")]"#,
        );
        let wanted =
            r#"["server.example",null,"server.example","six.example",1,["server.example"]]"#;
        assert_eq!(told, wanted);
    });
}

#[test]
fn a_resolver_that_is_silent_is_waited_for_no_longer_than_wished() {
    in_namespace(|| {
        let silent = UdpSocket::bind("127.0.0.1:53").unwrap();
        resolver(&[
            ("nsswitch.conf", "hosts: dns\n"),
            ("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n"),
        ]);
        let told = eval(
            r#"resolve_within(100.ms);
               let begun = now();
               let names = [ip("10.0.0.5").name, ip("10.0.0.5").name, ip("10.0.0.6").name];
               [names, now() - begun >= 200.ms, now() - begun < 30.sec]"#,
        );
        assert_eq!(told, "[[null,null,null],true,true]");
        // It was asked, once for each address.
        silent.set_read_timeout(Some(PATIENCE)).unwrap();
        for _ in 0..2 {
            silent.recv(&mut [0; 512]).unwrap();
        }
        silent.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert!(silent.recv(&mut [0; 512]).is_err());
    });
}
