#[micro::message]
enum Either<T> {
    #[field(1)]
    Left(T),
    #[field(2)]
    Right(String),
}

fn main() {}
