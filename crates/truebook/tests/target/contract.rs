//! A remote target keeps the contract of targets, against a real server.

use crate::proxy::Proxy;
use crate::server::{Server, Signatures, options, remote};
use std::cell::Cell;
use std::sync::Arc;
use truebook::backup::{Put, Remote, RemoteOptions, Target};
use truebook_sim::target_contract;

#[test]
fn object_storage_keeps_the_contract() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let case = Cell::new(0);
    target_contract::run(&|| {
        case.set(case.get() + 1);
        Arc::new(remote(proxy.address(), &format!("s3://bucket/case-{}/deeper", case.get())))
    });
}

#[test]
fn object_storage_keeps_the_contract_with_uploads_in_parts() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let case = Cell::new(0);
    target_contract::run(&|| {
        case.set(case.get() + 1);
        let url = format!("s3://bucket/case-{}", case.get());
        let whole_in_parts = RemoteOptions { single_bytes_max: 2, ..options(proxy.address()) };
        Arc::new(Remote::open(&url, whole_in_parts).unwrap())
    });
}

#[test]
fn of_eight_machines_that_create_one_name_one_does() {
    let Some(server) = Server::start(Signatures::Checked) else { return };
    let proxy = Proxy::to(server.address());
    let machines: Vec<Remote> = (0..8).map(|_| remote(proxy.address(), "s3://bucket/shared")).collect();
    let barrier = std::sync::Barrier::new(machines.len());
    let created = std::thread::scope(|scope| {
        let begin = |(at, machine): (usize, &Remote)| {
            let content = vec![u8::try_from(at).unwrap(); 1000];
            barrier.wait();
            machine.put_new("lease/1", &content).unwrap() == Put::Created
        };
        let threads = machines.iter().enumerate().map(|machine| scope.spawn(move || begin(machine)));
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(created.iter().filter(|created| **created).count(), 1, "{created:?}");
    let winner = created.iter().position(|created| *created).unwrap();
    let content = machines[0].get("lease/1", 1000).unwrap();
    assert_eq!(content, vec![u8::try_from(winner).unwrap(); 1000]);
}
