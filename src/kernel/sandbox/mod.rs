//! A private world: user and network namespace, rules, traffic.
