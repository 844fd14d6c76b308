//! `-U`: what a command line changes of a flow.

use crate::flow::{
    Flow, LabelPatch, Labels, Masked, Patch, ProtoInfo, SctpInfo, StatePatch, TcpInfo,
};

use super::line::Line;
use super::{filter, new};

/// What is to be changed of `flow`; nothing of what already is as it is wanted.
pub(super) fn of(line: &Line, flow: &Flow) -> Patch {
    Patch {
        timeout_s: line.timeout_s.filter(|seconds| flow.timeout_s != Some(*seconds)),
        mark: line.mark.and_then(|wanted| mark(wanted, flow.mark.unwrap_or_default())),
        status: new::status_bits(line).filter(|bits| flow.has_status(*bits) == Some(false)),
        state: proto_info(line, flow).map(StatePatch::from).unwrap_or_default(),
        labels: labels(line, flow),
        ..Patch::default()
    }
}

/// `(mark & ~mask) ^ value`, left to the kernel as far as it does not depend on the mark there is.
fn mark(wanted: Masked, present: u32) -> Option<Masked> {
    let next = (present & !wanted.mask) ^ wanted.value;
    // Bits of the value outside of the mask are turned over.
    let turned = wanted.value & !wanted.mask;
    (next != present)
        .then_some(Masked { value: next & (wanted.mask | turned), mask: wanted.mask | turned })
}

fn proto_info(line: &Line, flow: &Flow) -> Option<ProtoInfo> {
    match flow.proto_info? {
        ProtoInfo::Sctp(present) => {
            // The kernel takes all three or none.
            let wanted = SctpInfo {
                state: line.state.unwrap_or(present.state),
                vtag_orig: line.vtags[0].or(present.vtag_orig),
                vtag_reply: line.vtags[1].or(present.vtag_reply),
            };
            (wanted != present).then_some(ProtoInfo::Sctp(wanted))
        }
        ProtoInfo::Tcp(TcpInfo { state, .. }) => {
            new::proto_info(line).filter(|_| line.state != Some(state))
        }
        ProtoInfo::Dccp(_) => {
            let wanted = filter::proto_info(line.proto?, line.state?);
            (flow.proto_info.map(|info| info.state()) != line.state).then_some(wanted)
        }
    }
}

/// As conntrack counts: labels that are there already are added again, and of a flow that has any
/// those are deleted that it has not.
fn labels(line: &Line, flow: &Flow) -> Option<LabelPatch> {
    match (&line.del_labels, new::labels(&line.add_labels)) {
        (None, set) => set.map(|set| LabelPatch { set, mask: set }),
        (Some(bits), _) => flow.labels.map(|_| LabelPatch {
            set: Labels::default(),
            mask: new::labels(bits).unwrap_or(Labels([u32::MAX; 4])),
        }),
    }
}
