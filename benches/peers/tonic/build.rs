//! The code that `tonic-build` makes of a service, without a compiler of `.proto` files.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str| {
        Method::builder()
            .name(name)
            .route_name(route)
            .input_type("crate::Question")
            .output_type("crate::Answer")
            .codec_path("tonic_prost::ProstCodec")
    };
    let bench = Service::builder()
        .name("Bench")
        .package("bench")
        .method(method("echo", "Echo").build())
        .method(method("yields", "Yields").build())
        .method(method("compute", "Compute").build())
        .method(method("numbers", "Numbers").server_streaming().build())
        .build();
    Builder::new().compile(&[bench]);
}
