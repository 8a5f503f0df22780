struct Request {
    name: String,
}

fn travel<T: micro::Message>() {}

fn main() {
    travel::<Request>();
    travel::<Vec<String>>();
}
