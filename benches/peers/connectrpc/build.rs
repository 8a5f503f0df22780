//! The code that connectrpc makes of the interface, which `protox` reads: so nobody needs a `protoc`.

use std::path::PathBuf;

use protox::prost::Message as _;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=bench.proto");
    let set = PathBuf::from(std::env::var("OUT_DIR")?).join("bench.binpb");
    std::fs::write(&set, protox::compile(["bench.proto"], ["."])?.encode_to_vec())?;
    connectrpc_build::Config::new()
        .descriptor_set(&set)
        .files(&["bench.proto"])
        .include_file("_connectrpc.rs")
        .compile()?;
    Ok(())
}
