//! One sample of everything that is read, in the manner of manual pages, tutorials and kernels of
//! all ages.

use insta::assert_snapshot;

use super::read;

#[test]
fn conntrack_lists() {
    assert_snapshot!(read("\
tcp      6 431994 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=7 use=1
udp      17 29 src=fd00::1 dst=2001:db8::53 sport=5000 dport=53 packets=1 bytes=60 [UNREPLIED] src=2001:db8::53 dst=2001:db8::7 sport=53 dport=61000 packets=0 bytes=0 mark=0 use=1
icmp     1 299 src=10.0.0.1 dst=10.0.0.2 type=8 code=0 id=77 src=10.0.0.2 dst=10.0.0.1 type=0 code=0 id=77 mark=0 use=1 id=4192558749
gre      47 299 src=10.0.0.1 dst=10.0.0.2 srckey=0x10 dstkey=0x20 src=10.0.0.2 dst=10.0.0.1 srckey=0x20 dstkey=0x10 mark=0 use=1
unknown  42 299 src=10.0.0.1 dst=10.0.0.2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 mark=0 use=1
dccp     33 9 src=1.1.1.1 dst=2.2.2.2 sport=0 dport=0 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=0 dport=0 mark=0 use=1
udplite  136 9 src=10.0.0.1 dst=10.0.0.2 sport=5 dport=6 zone-orig=6 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=6 dport=5 zone-reply=7 mark=0 use=1
tcp      6 src=10.0.0.3 dst=10.0.0.2 sport=1 dport=80 src=10.0.0.2 dst=10.0.0.3 sport=80 dport=1 [OFFLOAD] mark=0 use=1
ipv4     2 tcp      6 99 NONE src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21 src=10.0.0.2 dst=10.0.0.8 sport=21 dport=1024 mark=0 secctx=system_u:object_r:unlabeled_t:s0 zone=5 delta-time=3 [start=Fri Nov 20 19:27:33 2026] helper=ftp use=1 id=4106487796 labels=voip,hundred
conntrack v1.4.9 (conntrack-tools): 9 flow entries have been shown.
"), @r#"
    tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured timeout=431994 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=7 use=1
    udp [fd00::1]:5000 -> [2001:db8::53]:53 | udp [2001:db8::53]:53 -> [2001:db8::7]:61000 status= timeout=29 mark=0 use=1 sent=1/60 answered=0/0
    icmp 10.0.0.1 -> 10.0.0.2 type 8 code 0 id 77 | icmp 10.0.0.2 -> 10.0.0.1 type 0 code 0 id 77 status=seen_reply timeout=299 mark=0 id=f9e55e9d use=1
    gre 10.0.0.1:16 -> 10.0.0.2:32 | gre 10.0.0.2:32 -> 10.0.0.1:16 status=seen_reply timeout=299 mark=0 use=1
    42 10.0.0.1 -> 10.0.0.2 | 42 10.0.0.2 -> 10.0.0.1 status= timeout=299 mark=0 use=1
    dccp 1.1.1.1 -> 2.2.2.2 | dccp 2.2.2.2 -> 1.1.1.1 status= timeout=9 mark=0 use=1
    udplite 10.0.0.1:5 -> 10.0.0.2:6 in zone 6 | udplite 10.0.0.2:6 -> 10.0.0.1:5 in zone 7 status= timeout=9 mark=0 use=1
    tcp 10.0.0.3:1 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.3:1 status=seen_reply,offload mark=0 use=1
    at 1795202856000000000 tcp 10.0.0.8:1024 -> 10.0.0.2:21 | tcp 10.0.0.2:21 -> 10.0.0.8:1024 zone=5 status=seen_reply timeout=99 state=Tcp(TcpInfo { state: 0, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=0 id=f4c407f4 use=1 start=1795202853000000000 labels=[1, 100] helper=ftp rare=Rare { master: None, secctx: Some("system_u:object_r:unlabeled_t:s0"), helper_info: None, seqadj_orig: None, seqadj_reply: None, synproxy: None, netns: None }
    "#);
}

#[test]
fn the_kernels_own_files() {
    assert_snapshot!(read("\
ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1000 dport=80 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=1000 [ASSURED] mark=0 zone=0 use=2
ipv6     10 udp      17 29 src=fd00:0000:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0053 sport=5000 dport=53 [UNREPLIED] src=2001:0db8:0000:0000:0000:0000:0000:0053 dst=fd00:0000:0000:0000:0000:0000:0000:0001 sport=53 dport=5000 mark=0 secctx=null zone=0 delta-time=4 use=2
ipv4     2 gre      47 179 timeout=30, stream_timeout=180 src=10.0.0.1 dst=10.0.0.2 srckey=0x0 dstkey=0x1 src=10.0.0.2 dst=10.0.0.1 srckey=0x1 dstkey=0x0 [ASSURED] mark=0 use=1
ipv4     2 unknown  2 500 src=10.0.0.1 dst=224.0.0.1 [UNREPLIED] src=224.0.0.1 dst=10.0.0.1 mark=0 use=2
tcp      6 117 SYN_SENT src=192.168.1.6 dst=192.168.1.9 sport=32775 dport=22 [UNREPLIED] src=192.168.1.9 dst=192.168.1.6 sport=22 dport=32775 use=2
udp      17 170 src=192.168.1.2 dst=192.168.1.5 sport=137 dport=1025 src=192.168.1.5 dst=192.168.1.2 sport=1025 dport=137 [ASSURED] use=1
tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=5 bytes=300 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 packets=4 bytes=200 [ASSURED] mark=0 secmark=0 use=1
"), @r#"
    tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured timeout=431999 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=0 use=2
    udp [fd00::1]:5000 -> [2001:db8::53]:53 | udp [2001:db8::53]:53 -> [fd00::1]:5000 status= timeout=29 mark=0 use=2 rare=Rare { master: None, secctx: Some("null"), helper_info: None, seqadj_orig: None, seqadj_reply: None, synproxy: None, netns: None }
    gre 10.0.0.1:0 -> 10.0.0.2:1 | gre 10.0.0.2:1 -> 10.0.0.1:0 status=seen_reply,assured timeout=179 mark=0 use=1
    igmp 10.0.0.1 -> 224.0.0.1 | igmp 224.0.0.1 -> 10.0.0.1 status= timeout=500 mark=0 use=2
    tcp 192.168.1.6:32775 -> 192.168.1.9:22 | tcp 192.168.1.9:22 -> 192.168.1.6:32775 status= timeout=117 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) use=2
    udp 192.168.1.2:137 -> 192.168.1.5:1025 | udp 192.168.1.5:1025 -> 192.168.1.2:137 status=seen_reply,assured timeout=170 use=1
    tcp 10.0.0.1:1 -> 10.0.0.2:2 | tcp 10.0.0.2:2 -> 10.0.0.1:1 status=seen_reply,assured timeout=431999 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=0 use=1 sent=5/300 answered=4/200
    "#);
}

#[test]
fn what_surrounds_a_list_where_someone_copied_it() {
    assert_snapshot!(read("\u{feff}$ sudo conntrack -L -p udp
[root@gw ~]# conntrack -L
admin@gw:~$ cat /proc/net/ip_conntrack
EXPECTING: 299 proto=6 src=10.0.0.8 dst=10.0.0.2 sport=0 dport=3456 use=1
udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 use=1 labels
^Cconntrack v1.4.6 (conntrack-tools): 9 flow events have been shown.
"), @"udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=seen_reply timeout=29 use=1");
}

#[test]
fn lines_that_a_page_broke() {
    assert_snapshot!(read("
    # cat /proc/net/ip_conntrack
    tcp      6 117 SYN_SENT src=192.168.1.6 dst=192.168.1.9 sport=32775 \\
         dport=22 [UNREPLIED] src=192.168.1.9 dst=192.168.1.6 sport=22 \\
         dport=32775 use=2

  udp 17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1\r
"), @r"
    tcp 192.168.1.6:32775 -> 192.168.1.9:22 | tcp 192.168.1.9:22 -> 192.168.1.6:32775 status= timeout=117 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) use=2
    udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=seen_reply
    ");
}

#[test]
fn what_older_releases_and_other_kernels_print() {
    assert_snapshot!(read("\
tcp 6 117 SYN_SENT src=192.0.2.6 dst=198.51.100.9 sport=32775 dport=22 [UNREPLIED] src=198.51.100.9 dst=192.0.2.6 sport=22 dport=32775 use=2
udp      17 20 src=192.0.2.1 dst=198.51.100.53 sport=137 dport=1025 [UNREPLIED] src=198.51.100.53 dst=192.0.2.1 sport=1025 dport=137 use=1
icmp     1 25 src=192.0.2.6 dst=198.51.100.10 type=8 code=0 id=33029 [UNREPLIED] src=198.51.100.10 dst=192.0.2.6 type=0 code=0 id=33029 use=1
unknown  2 597 src=192.0.2.1 dst=233.252.0.1 [UNREPLIED] src=233.252.0.1 dst=192.0.2.1 use=1
tcp      6 431955 ESTABLISHED src=192.0.2.1 dst=198.51.100.2 sport=33604 dport=443 packets=8 bytes=1031 src=198.51.100.2 dst=203.0.113.1 sport=443 dport=33604 packets=7 bytes=4301 [ASSURED] mark=0 secmark=0 use=1
ipv6     10 tcp      6 431998 ESTABLISHED src=2001:0db8:0000:0000:0000:0000:0000:0001 dst=2001:0db8:0000:0000:0000:0000:0000:0002 sport=40000 dport=443 src=2001:0db8:0000:0000:0000:0000:0000:0002 dst=2001:0db8:0000:0000:0000:0000:0000:0001 sport=443 dport=40000 [ASSURED] mark=0 secctx=system_u:object_r:unlabeled_t:s0 zone=0 use=2
ipv4     2 tcp      6 src=192.0.2.2 dst=198.51.100.2 sport=2000 dport=80 packets=5 bytes=6 src=198.51.100.2 dst=192.0.2.2 sport=80 dport=2000 packets=7 bytes=8 [OFFLOAD] mark=0 zone=0 use=3
ipv4     2 unknown  112 599 src=192.0.2.2 dst=233.252.0.18 [UNREPLIED] src=233.252.0.18 dst=192.0.2.2 mark=0 use=1
[1234.5678]\t[DESTROY] tcp      6 src=192.0.2.1 dst=198.51.100.2 sport=53370 dport=80 packets=6 bytes=500 src=198.51.100.2 dst=192.0.2.1 sport=80 dport=53370 packets=4 bytes=900 [ASSURED]
[NEW] tcp 6 120 SYN_SENT src=192.0.2.1 dst=198.51.100.2 sport=53370 dport=80 [UNREPLIED] src=198.51.100.2 dst=192.0.2.1 sport=80 dport=53370 id=2841421112
297 l3proto = 2 proto=6 src=192.0.2.2 dst=198.51.100.8 sport=0 dport=5555 ftp
-  l3proto = 2 proto=17 src=0.0.0.0 dst=198.51.100.8 sport=0 dport=5060 PERMANENT sip/signalling
"), @r#"
        tcp 192.0.2.6:32775 -> 198.51.100.9:22 | tcp 198.51.100.9:22 -> 192.0.2.6:32775 status= timeout=117 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) use=2
        udp 192.0.2.1:137 -> 198.51.100.53:1025 | udp 198.51.100.53:1025 -> 192.0.2.1:137 status= timeout=20 use=1
        icmp 192.0.2.6 -> 198.51.100.10 type 8 code 0 id 33029 | icmp 198.51.100.10 -> 192.0.2.6 type 0 code 0 id 33029 status= timeout=25 use=1
        igmp 192.0.2.1 -> 233.252.0.1 | igmp 233.252.0.1 -> 192.0.2.1 status= timeout=597 use=1
        tcp 192.0.2.1:33604 -> 198.51.100.2:443 | tcp 198.51.100.2:443 -> 203.0.113.1:33604 status=seen_reply,assured timeout=431955 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=0 use=1 sent=8/1031 answered=7/4301
        tcp [2001:db8::1]:40000 -> [2001:db8::2]:443 | tcp [2001:db8::2]:443 -> [2001:db8::1]:40000 status=seen_reply,assured timeout=431998 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=0 use=2 rare=Rare { master: None, secctx: Some("system_u:object_r:unlabeled_t:s0"), helper_info: None, seqadj_orig: None, seqadj_reply: None, synproxy: None, netns: None }
        tcp 192.0.2.2:2000 -> 198.51.100.2:80 | tcp 198.51.100.2:80 -> 192.0.2.2:2000 status=seen_reply,offload mark=0 use=3 sent=5/6 answered=7/8
        vrrp 192.0.2.2 -> 233.252.0.18 | vrrp 233.252.0.18 -> 192.0.2.2 status= timeout=599 mark=0 use=1
        destroy at 1234005678000 tcp 192.0.2.1:53370 -> 198.51.100.2:80 | tcp 198.51.100.2:80 -> 192.0.2.1:53370 status=seen_reply,assured sent=6/500 answered=4/900
        new tcp 192.0.2.1:53370 -> 198.51.100.2:80 | tcp 198.51.100.2:80 -> 192.0.2.1:53370 status= timeout=120 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) id=a95ca538
        error: expected an expectation with its mask and master, as `conntrack -L expect` shows it, found `297 l3proto = 2 proto=6 src=192.0.2.2 ds…`
        error: expected an expectation with its mask and master, as `conntrack -L expect` shows it, found `-  l3proto = 2 proto=17 src=0.0.0.0 dst=…`
        "#);
}

#[test]
fn event_logs() {
    assert_snapshot!(read("\
    [NEW] tcp      6 120 SYN_SENT src=192.168.0.1 dst=192.168.0.2 sport=1024 dport=80 [UNREPLIED] src=192.168.0.2 dst=192.168.0.1 sport=80 dport=1024
 [UPDATE] tcp      6 60 SYN_RECV src=192.168.0.1 dst=192.168.0.2 sport=1024 dport=80 src=192.168.0.2 dst=192.168.0.1 sport=80 dport=1024
[DESTROY] udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 packets=1 bytes=60 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 packets=0 bytes=0
[1795202853.353416]\t    [NEW] udp      17 50 src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2 [UNREPLIED] src=2.2.2.2 dst=1.1.1.1 sport=2 dport=1 mark=0 [USERSPACE] portid=13264
[1795202853.412550]\t[DESTROY] ipv4     2 tcp      6 29 NONE src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21 packets=0 bytes=0 src=10.0.0.2 dst=10.0.0.8 sport=21 dport=1024 packets=0 bytes=0 [ASSURED] mark=5 delta-time=0 [start=Fri Nov 20 19:27:33 2026] [stop=Fri Nov 20 19:27:33 2026] [USERSPACE] portid=13266 progname=conntrack149
[1795202853.5     ]\t    [NEW] 300 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 class=0 helper=ftp
"), @r#"
    new tcp 192.168.0.1:1024 -> 192.168.0.2:80 | tcp 192.168.0.2:80 -> 192.168.0.1:1024 status= timeout=120 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    update tcp 192.168.0.1:1024 -> 192.168.0.2:80 | tcp 192.168.0.2:80 -> 192.168.0.1:1024 status=seen_reply timeout=60 state=Tcp(TcpInfo { state: 2, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    destroy udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status= sent=1/60 answered=0/0
    new at 1795202853353416000 by 13264 udp 1.1.1.1:1 -> 2.2.2.2:2 | udp 2.2.2.2:2 -> 1.1.1.1:1 status= timeout=50 mark=0
    destroy at 1795202853412550000 by 13266 tcp 10.0.0.8:1024 -> 10.0.0.2:21 | tcp 10.0.0.2:21 -> 10.0.0.8:1024 status=seen_reply,assured timeout=29 state=Tcp(TcpInfo { state: 0, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=5 sent=0/0 answered=0/0 start=1795202853000000000 stop=1795202853000000000
    new at 1795202853000005000 tcp 10.0.0.2:0 -> 10.0.0.8:5555 mask tcp 255.255.255.255:0 -> 255.255.255.255:65535 master tcp 10.0.0.8:1024 -> 10.0.0.2:21 timeout=Some(300) id=None helper=Some("ftp") flags=Some(ExpectFlags(0)) class=Some(0) nat=None function=None
    "#);
}

#[test]
fn a_log_says_where_events_were_lost() {
    assert_snapshot!(read("\
WARNING: We have hit ENOBUFS! We are losing events.
This message means that the current netlink socket buffer size is too small.
Please, check --buffer-size in conntrack(8) manpage.
NOTICE: Netlink socket buffer size has been set to 8192 bytes.
[DESTROY] udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1
"), @"
    error: conntrack lost events here
    destroy udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=
    ");
}

#[test]
fn lines_of_logs() {
    assert_snapshot!(read("\
Jul 24 10:00:00 gw conntrack[1]: [NEW] tcp      6 120 SYN_SENT src=192.168.0.1 dst=192.168.0.2 sport=1024 dport=80 [UNREPLIED] src=192.168.0.2 dst=192.168.0.1 sport=80 dport=1024
Jul  4 10:00:00 gw conntrack:     [NEW] udp      17 30 src=:: dst=fd00::1 sport=1 dport=2 [UNREPLIED] src=fd00::1 dst=:: sport=2 dport=1
2026-11-20T20:09:46.25+00:00 gw conntrack[1]: [DESTROY] udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 [UNREPLIED] src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1
2026-11-20T20:09:46.25Z gw ct: [1795202853.412550]#011[DESTROY] udp      17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [USERSPACE] portid=13266
2026-11-20T20:09:46.25Z stdout F  [UPDATE] tcp      6 60 SYN_RECV src=192.168.0.1 dst=192.168.0.2 sport=1024 dport=80 src=192.168.0.2 dst=192.168.0.1 sport=80 dport=1024
Nov 21 01:00:00 ipv4     2 tcp      6 9 NONE src=10.0.0.8 dst=10.0.0.2 sport=1024 dport=21 src=10.0.0.2 dst=10.0.0.8 sport=21 dport=1024 mark=5
Jul 24 10:00:00 gw conntrack[1]: conntrack v1.4.9 (conntrack-tools): 6 flow events have been shown.
Jul 24 10:00:00 gw conntrack[1]: [NEW] tcp      6 120 src=192.168.0.300 dst=192.168.0.2
Jul 24 10:00:00 gw systemd[1]: Started the log of connections.
Jul 24 10:00:00 gw kernel: IN=eth0 OUT= SRC=10.0.0.1 DST=10.0.0.2 [NEW] tcp 6
"), @r#"
    new tcp 192.168.0.1:1024 -> 192.168.0.2:80 | tcp 192.168.0.2:80 -> 192.168.0.1:1024 status= timeout=120 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    new udp [::]:1 -> [fd00::1]:2 | udp [fd00::1]:2 -> [::]:1 status= timeout=30
    destroy at 1795205386250000000 udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=
    destroy at 1795202853412550000 by 13266 udp 10.0.0.1:1 -> 10.0.0.2:2 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=seen_reply
    update at 1795205386250000000 tcp 192.168.0.1:1024 -> 192.168.0.2:80 | tcp 192.168.0.2:80 -> 192.168.0.1:1024 status=seen_reply timeout=60 state=Tcp(TcpInfo { state: 2, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    tcp 10.0.0.8:1024 -> 10.0.0.2:21 | tcp 10.0.0.2:21 -> 10.0.0.8:1024 status=seen_reply timeout=9 state=Tcp(TcpInfo { state: 0, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=5
    error: src needs an IP address, found `192.168.0.300`
    error: expected a flow, found `Jul`
    error: expected a flow, found `Jul`
    "#);
}

#[test]
fn expectations() {
    assert_snapshot!(read("\
299 proto=6 src=10.0.0.2 dst=10.0.0.8 sport=0 dport=5555 mask-src=255.255.255.255 mask-dst=255.255.255.255 sport=0 dport=65535 master-src=10.0.0.8 master-dst=10.0.0.2 sport=1024 dport=21 PERMANENT,INACTIVE class=0 helper=ftp
proto=17 src=fd00::2 dst=fd00::8 sport=0 dport=5060 mask-src=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff mask-dst=ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff sport=0 dport=65535 master-src=fd00::8 master-dst=fd00::2 sport=5060 dport=5060 class=1 helper=sip
"), @r#"
    tcp 10.0.0.2:0 -> 10.0.0.8:5555 mask tcp 255.255.255.255:0 -> 255.255.255.255:65535 master tcp 10.0.0.8:1024 -> 10.0.0.2:21 timeout=Some(299) id=None helper=Some("ftp") flags=Some(ExpectFlags(3)) class=Some(0) nat=None function=None
    udp [fd00::2]:0 -> [fd00::8]:5060 mask udp [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:0 -> [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 master udp [fd00::8]:5060 -> [fd00::2]:5060 timeout=None id=None helper=Some("sip") flags=Some(ExpectFlags(0)) class=Some(1) nat=None function=None
    "#);
}

#[test]
fn saved_commands() {
    assert_snapshot!(read("\
-A -t 299 -u SEEN_REPLY,ASSURED -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p tcp --sport 1000 --dport 80 --reply-port-src 80 --reply-port-dst 1000 --state ESTABLISHED
-U -t 299 -u UNSET -w 5 -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p gre --srckey 16 --dstkey 32 --reply-key-src 32 --reply-key-dst 16
-A -t 299 -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p sctp --sport 5 --dport 6 --reply-port-src 6 --reply-port-dst 5 --state ESTABLISHED --orig-vtag 16777216 --reply-vtag 2018915346
-D -u UNSET -s 10.0.0.1 -d 10.0.0.2 -r 10.0.0.2 -q 10.0.0.1 -p 42 [USERSPACE] portid=13264
-A -t 49 -u SEEN_REPLY -s 1.1.1.1 -d 2.2.2.2 -r 2.2.2.2 -n 8.8.8.8 -p tcp --sport 11 --dport 20 --reply-port-src 20 --reply-port-dst 99 --state SYN_SENT
-I --src=fd00::1 --dst fd00::2 --protonum icmpv6 --icmpv6-type 128 --icmpv6-code 0 --timeout 50 --mark 7
-I -s 1.1.1.1 -d 2.2.2.2 -p udp --sport 1 --dport 2 -t 9 -g 3.3.3.3:5 --label-add voip
"), @"
    new tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured timeout=299 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    update gre 10.0.0.1:16 -> 10.0.0.2:32 | gre 10.0.0.2:32 -> 10.0.0.1:16 zone=5 status= timeout=299
    new sctp 10.0.0.1:5 -> 10.0.0.2:6 | sctp 10.0.0.2:6 -> 10.0.0.1:5 status= timeout=299 state=Sctp(SctpInfo { state: 4, vtag_orig: Some(16777216), vtag_reply: Some(2018915346) })
    destroy by 13264 42 10.0.0.1 -> 10.0.0.2 | 42 10.0.0.2 -> 10.0.0.1 status=
    new tcp 1.1.1.1:11 -> 2.2.2.2:20 | tcp 2.2.2.2:20 -> 8.8.8.8:99 status=seen_reply,src_nat timeout=49 state=Tcp(TcpInfo { state: 1, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None })
    new icmpv6 fd00::1 -> fd00::2 type 128 code 0 id 0 | icmpv6 fd00::2 -> fd00::1 type 129 code 0 id 0 timeout=50 mark=7
    new udp 1.1.1.1:1 -> 2.2.2.2:2 | udp 3.3.3.3:5 -> 1.1.1.1:1 timeout=9 labels=[1]
    ");
}

#[test]
fn xml_on_one_line_or_on_many() {
    assert_snapshot!(read(r#"<?xml version="1.0" encoding="utf-8"?>
<conntrack>
<flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.1</src><dst>10.0.0.2</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>1000</sport><dport>80</dport></layer4></meta><meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.0.0.2</src><dst>10.0.0.1</dst></layer3><layer4 protonum="6" protoname="tcp"><sport>80</sport><dport>1000</dport></layer4></meta><meta direction="independent"><state>ESTABLISHED</state><timeout>299</timeout><mark>7</mark><labels><label>voip</label><label>hundred</label></labels><secctx>a&lt;b&#x41;</secctx><use>1</use><id>2083137158</id><assured/></meta></flow>
<flow type="destroy">
  <meta direction="original">
    <layer3 protonum="10" protoname="ipv6"><src>fd00::1</src><dst>fd00::2</dst></layer3>
    <layer4 protonum="132" protoname="sctp"><sport>1</sport><dport>2</dport></layer4>
    <zone>3</zone><counters><packets>1</packets><bytes>60</bytes></counters>
  </meta>
  <meta direction="reply">
    <layer3 protonum="10" protoname="ipv6"><src>fd00::2</src><dst>fd00::1</dst></layer3>
    <layer4 protonum="132" protoname="sctp"><sport>2</sport><dport>1</dport></layer4>
    <counters><packets>0</packets><bytes>0</bytes></counters>
  </meta>
  <meta direction="independent">
    <state>FIN_WAIT</state><timeout>49</timeout><id>3716891518</id><unreplied/>
    <timestamp><start>1795202853353415389</start><stop>1795202853402479536</stop></timestamp><deltatime>0</deltatime>
  </meta>
  <when><hour>19</hour><min>27</min><sec>33</sec><wday>6</wday><day>20</day><month>11</month><year>2026</year></when>
  <helper>ftp</helper>
</flow>
</conntrack>
<expect>
<flow type="new"><layer3 protonum="2" protoname="ipv4"><expected><src>10.0.0.2</src><dst>10.0.0.8</dst></expected><mask><src>255.255.255.255</src><dst>255.255.255.255</dst></mask><master><src>10.0.0.8</src><dst>10.0.0.2</dst></master></layer3><layer4 protonum="6" protoname="tcp"><expected><sport>0</sport><dport>5555</dport></expected><mask><sport>0</sport><dport>65535</dport></mask><master><sport>1024</sport><dport>21</dport></master></layer4><meta><helper-name>ftp</helper-name><timeout>299</timeout><class>0</class><permanent/></meta></flow>
</expect>
"#), @r#"
    tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured timeout=299 state=Tcp(TcpInfo { state: 3, wscale_orig: None, wscale_reply: None, flags_orig: None, flags_reply: None }) mark=7 id=7c2a2686 use=1 labels=[1, 100] rare=Rare { master: None, secctx: Some("a<bA"), helper_info: None, seqadj_orig: None, seqadj_reply: None, synproxy: None, netns: None }
    destroy at 1795202853000000000 sctp [fd00::1]:1 -> [fd00::2]:2 in zone 3 | sctp [fd00::2]:2 -> [fd00::1]:1 status= timeout=49 state=Sctp(SctpInfo { state: 4, vtag_orig: None, vtag_reply: None }) id=dd8b437e sent=1/60 answered=0/0 start=1795202853353415389 stop=1795202853402479536 helper=ftp
    new tcp 10.0.0.2:0 -> 10.0.0.8:5555 mask tcp 255.255.255.255:0 -> 255.255.255.255:65535 master tcp 10.0.0.8:1024 -> 10.0.0.2:21 timeout=Some(299) id=None helper=Some("ftp") flags=Some(ExpectFlags(1)) class=Some(0) nat=None function=None
    "#);
}

#[test]
fn flowshs_own_captures() {
    assert_snapshot!(read(r#"[
{"family":"ipv4","proto":"tcp","src":"10.0.0.1","dst":"10.0.0.2","sport":1000,"dport":80,"state":"ESTABLISHED","status":["seen_reply","assured","confirmed","bit17"],"mark":7,"zone":0,"timeout":431994,"id":4192558749,"packets":20,"bytes":1250052,"start":"2026-11-20T20:09:46.25Z","age":6.5,"snat":false,"refs":1,"protoinfo":{"state":"ESTABLISHED","wscale_orig":7},"orig":{"packets":12,"bytes":1250000},"reply":{"src":"10.0.0.2","dst":"10.0.0.1","sport":80,"dport":1000,"packets":8,"bytes":52}},
{
  "proto": "42", "src": "10.0.0.1", "dst": "10.0.0.2", "labels": ["voip", "2"], "status": [],
  "secctx": "a } b", "master": {"proto": "tcp", "src": "10.0.0.8", "dst": "10.0.0.2", "sport": 1024, "dport": 21},
  "seqadj": {"orig": {"correction_pos": 1, "offset_before": -2, "offset_after": 3}},
  "reply": {"src": "10.0.0.2", "dst": "10.0.0.1"}
}
]
{"time":"2026-11-20T20:09:52.803416Z","event":"new","portid":4,"synthetic":false,"expectation":{"family":"ipv4","proto":"tcp","src":"10.0.0.2","dst":"10.0.0.8","sport":0,"dport":5555,"mask":{"proto":"tcp","src":"255.255.255.255","dst":"255.255.255.255","sport":0,"dport":65535},"master":{"proto":"tcp","src":"10.0.0.8","dst":"10.0.0.2","sport":1024,"dport":21},"timeout":299,"id":5,"helper":"ftp","flags":["permanent","inactive"],"class":0,"function":"nat-follow-master","nat":{"direction":"reply","tuple":{"proto":"tcp","src":"10.0.0.9","dst":"0.0.0.0","sport":1,"dport":0}}}}
"#), @r#"
    at 1795205392750000000 tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured,confirmed,bit17 timeout=431994 state=Tcp(TcpInfo { state: 3, wscale_orig: Some(7), wscale_reply: None, flags_orig: None, flags_reply: None }) mark=7 id=f9e55e9d use=1 sent=12/1250000 answered=8/52 start=1795205386250000000
    42 10.0.0.1 -> 10.0.0.2 | 42 10.0.0.2 -> 10.0.0.1 status= labels=[1, 2] rare=Rare { master: Some(Tuple { src: 10.0.0.8, dst: 10.0.0.2, proto: Proto(6), l4: Ports { src: 1024, dst: 21 }, zone: None }), secctx: Some("a } b"), helper_info: None, seqadj_orig: Some(SeqAdj { correction_pos: 1, offset_before: -2, offset_after: 3 }), seqadj_reply: None, synproxy: None, netns: None }
    new at 1795205392803416000 by 4 tcp 10.0.0.2:0 -> 10.0.0.8:5555 mask tcp 255.255.255.255:0 -> 255.255.255.255:65535 master tcp 10.0.0.8:1024 -> 10.0.0.2:21 timeout=Some(299) id=Some(00000005) helper=Some("ftp") flags=Some(ExpectFlags(3)) class=Some(0) nat=Some(ExpectNat { direction: 1, tuple: Tuple { src: 10.0.0.9, dst: 0.0.0.0, proto: Proto(6), l4: Ports { src: 1, dst: 0 }, zone: None } }) function=Some("nat-follow-master")
    "#);
    assert_snapshot!(read("\
family,proto,src,dst,sport,dport,state,status,mark,zone,labels,timeout,packets,bytes,secctx,start,age,assured,refs,protoinfo,seqadj,reply.src,reply.dst,reply.sport,reply.dport,orig.zone,orig.packets,orig.bytes
ipv4,tcp,10.0.0.1,10.0.0.2,1000,80,ESTABLISHED,\"seen_reply,assured\",7,0,\"voip,2\",431994,20,1250052,\"a<&\"\"
z\",2026-11-20T20:09:46.25Z,6.5,true,1,state=ESTABLISHED wscale_orig=7,orig=correction_pos=1 offset_before=2 offset_after=3 reply=correction_pos=4 offset_before=5 offset_after=6,10.0.0.2,10.0.0.1,80,1000,,12,1250000
ipv4,udp,10.0.0.1,10.0.0.2,1,2,,,,0,,,,,,,,false,,,,10.0.0.2,10.0.0.1,2,1,6,,
"), @r#"
    at 1795205392750000000 tcp 10.0.0.1:1000 -> 10.0.0.2:80 | tcp 10.0.0.2:80 -> 10.0.0.1:1000 status=seen_reply,assured timeout=431994 state=Tcp(TcpInfo { state: 3, wscale_orig: Some(7), wscale_reply: None, flags_orig: None, flags_reply: None }) mark=7 use=1 sent=12/1250000 start=1795205386250000000 labels=[1, 2] rare=Rare { master: None, secctx: Some("a<&\"\nz"), helper_info: None, seqadj_orig: Some(SeqAdj { correction_pos: 1, offset_before: 2, offset_after: 3 }), seqadj_reply: Some(SeqAdj { correction_pos: 4, offset_before: 5, offset_after: 6 }), synproxy: None, netns: None }
    udp 10.0.0.1:1 -> 10.0.0.2:2 in zone 6 | udp 10.0.0.2:2 -> 10.0.0.1:1 status=
    "#);
}

#[test]
fn what_cannot_be_read_says_why() {
    assert_snapshot!(read("\
hello world
tcp      6 117 SYN_SENT src=192.168.1.6 dst=192.168.1.9 sport=99999 dport=22 src=192.168.1.9 dst=192.168.1.6 sport=22 dport=1
tcp      6 117 SYN_SENT src=192.168.1.6 dst=192.168.1.9 sport=1 dport=22
tcp      6 117 SYN_SENT src=192.168.1.6 dst=192.168.1.9 sport=1 src=192.168.1.9 dst=192.168.1.6 dport=1
tcp      6 117 DANCING src=192.168.1.6 dst=192.168.1.9 src=192.168.1.9 dst=192.168.1.6
tcp      six 117 src=192.168.1.6 dst=192.168.1.9 src=192.168.1.9 dst=192.168.1.6
tcp      6 117 src=192.168.1.6 dst=fd00::1 src=192.168.1.9 dst=192.168.1.6
tcp      6 117 src=192.168.1.6 dst=192.168.1.9 src=192.168.1.9 dst=192.168.1.6 \u{1b}[2J
udp      17 29 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 labels=guest
udp      17 29 src=10.0.0.1 dst=10.0.0.2 packets=1 src=10.0.0.2 dst=10.0.0.1
udp      17 29 CLOSED src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1
tcp      6 29 CLOSED src=10.0.0.1 dst=10.0.0.2 src=10.0.0.2 dst=10.0.0.1
[LOST] tcp
-F
-A -s 10.0.0.1 -p tcp
-A -s 10.0.0.1 -d 10.0.0.2 -p tcp --sport
-A -s 10.0.0.1 -d 10.0.0.2 -p ttcp
-A -s 10.0.0.1 -d 10.0.0.2 -p tcp --sprot 1
<flow><meta></flow>
{\"src\":\"10.0.0.1\",\"dport\":80}
{\"src\":1,}
{\"proto\":\"tcp\",\"src\":\"10.0.0.1\",\"dst\":\"10.0.0.2\",\"reply\":{\"sport\":99999}}
{\"proto\":\"tcp\",\"seqadj\":{\"orig\":{\"offset_before\":1.5}},\"src\":
"), @r"
    error: expected a flow, found `hello`
    error: sport needs a number up to 65535, found `99999`
    error: reply src is missing
    error: dport is missing
    error: the state needs a name that tcp, sctp or dccp has, found `DANCING`
    error: expected the number of a protocol, found `six`
    error: source and destination are of different families
    error: expected a field, found `\u{1b}[2J`
    error: label `guest` is not in connlabel.conf; `--labelmap FILE` names another
    error: bytes is missing
    udp 10.0.0.1 -> 10.0.0.2 | udp 10.0.0.2 -> 10.0.0.1 status=seen_reply timeout=29
    error: a state of tcp is missing
    error: expected [NEW], [UPDATE], [DESTROY] or a time, found `[LOST]`
    error: expected -A, -I, -U or -D, found `-F`
    error: -d is missing
    error: expected a value, found `--sport`
    error: -p needs a protocol, found `ttcp`
    error: expected an option of conntrack -A, found `--sprot`
    error: not XML: ill-formed document: expected `</meta>`, but `</flow>` was found
    error: the protocol is missing
    error: not JSON: trailing comma at line 1 column 10
    error: reply.sport needs a number up to 65535, found `99999`
    error: not JSON: EOF while parsing a value at line 1 column 61
    ");
}

#[test]
fn members_of_objects_are_read_wherever_they_stand() {
    // A flow of its own within an event; what else the event has is not the flow's.
    assert_snapshot!(read(r#"
{"proto":"icmp","mark":3,"time":"2026-11-20T20:09:46Z","flow":{"reply":{"dst":"10.0.0.1","src":"10.0.0.2"},"dst":"10.0.0.2","src":"10.0.0.1","proto":"udp","flow":{"mark":4}},"event":"new","mark":5}
{"reply.src":"10.0.0.2","reply.dst":"10.0.0.1","proto":"\u0075dp","s\u0072c":"10.0.0.1","dst":"10.0.0.2","unknown":[{"src":1}],"mark":null,"other":{"mark":6}}
"#), @"
    new at 1795205386000000000 udp 10.0.0.1 -> 10.0.0.2 | udp 10.0.0.2 -> 10.0.0.1
    udp 10.0.0.1 -> 10.0.0.2 | udp 10.0.0.2 -> 10.0.0.1
    ");
}
