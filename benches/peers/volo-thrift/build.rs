//! The code that volo makes of the interface.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    volo_build::Builder::thrift().add_service("bench.thrift").write()?;
    Ok(())
}
