//! What an endpoint returns.

use syn::{ReturnType, Signature, Type};

use super::arguments::message;
use crate::errors::Errors;
use crate::types::{is_unit, last_segment, shown, type_arguments};

/// The type that is returned, and what is in its `Ok`. `sends` says that the answers go through a `Sender`.
pub(super) fn parse(signature: &Signature, sends: bool, errors: &mut Errors) -> Option<(Type, Type)> {
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
    let Some(answer) = type_arguments(segment).first().copied() else {
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
    Some(((**ty).clone(), message(answer, "response", errors)?))
}
