//! What an endpoint returns.

use syn::{ReturnType, Signature, Type};

use super::arguments::message;
use crate::errors::Errors;
use crate::types::{is_unit, last_segment, shown, type_arguments};

/// What an endpoint returns.
pub(super) struct Output {
    /// What is in `Ok`.
    pub(super) answer: Type,
    /// What is in `Err`, or, where an alias hides it, the whole.
    pub(super) failure: Type,
}

/// What is returned, or faults. `sends` says that the answers go through a `Sender`.
pub(super) fn parse(signature: &Signature, sends: bool, errors: &mut Errors) -> Option<Output> {
    let expected = if sends { "Result<()>" } else { "Result<R>" };
    let ReturnType::Type(_, ty) = &signature.output else {
        let or = if sends { "" } else { " (`-> Result<()>` to answer with nothing)" };
        errors.at(
            &signature.ident,
            format!(
                "an endpoint can fail: end the signature of `{}` with `-> {expected}`{or}",
                signature.ident
            ),
        );
        return None;
    };
    // Aliases of `Result` are called `Result` or something with it, and have what is in `Ok` first.
    let segment = last_segment(ty).filter(|segment| segment.ident.to_string().ends_with("Result"));
    let Some(segment) = segment else {
        let written = if sends { "()".to_owned() } else { shown(ty) };
        errors.at(ty, format!("an endpoint can fail: return `Result<{written}>`, not `{}`", shown(ty)));
        return None;
    };
    let arguments = type_arguments(segment);
    let Some(answer) = arguments.first().copied() else {
        errors.at(ty, format!("say what is answered: `{expected}`"));
        return None;
    };
    if sends && !is_unit(answer) {
        errors.at(
            answer,
            "what an endpoint with a `Sender` answers goes through the sender: return `Result<()>`",
        );
        return None;
    }
    let failure = arguments.get(1).copied().unwrap_or(ty).clone();
    Some(Output { answer: message(answer, "response", errors)?, failure })
}
