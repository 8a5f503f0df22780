#[micro::message]
enum Never {}

#[micro::message]
struct Unit;

fn main() {}
