namespace rs bench

struct Question { 1: required string text }
struct Answer { 1: required string text }

service Bench {
    Answer Echo(1: Question question)
    Answer Yields(1: Question question)
    Answer Compute(1: Question question)
}
