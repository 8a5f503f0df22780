//! What an endpoint takes.

use syn::{FnArg, Signature, Type};

use crate::errors::Errors;
use crate::types::{Unfit, bare, last_segment, owned, shown, type_arguments, unfit};

/// What an endpoint takes beside `&self`.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) context: bool,
    /// The type of the request, or of each of them.
    pub(super) request: Option<Type>,
    /// Whether the requests are a stream.
    pub(super) receives: bool,
    /// What the sender sends.
    pub(super) response: Option<Type>,
}

/// What one argument is for; in the order in which they stand.
enum Role {
    Context,
    Request(Type),
    Receiver(Type),
    Sender(Type),
}

const ORDER: &str =
    "`&self`, `ctx: &Context` if it is needed, `request: Q` or `receiver: Receiver<Q>`, `sender: Sender<R>`";

pub(super) fn parse(signature: &Signature, errors: &mut Errors) -> Arguments {
    let mut all = Arguments::default();
    let mut place = 0;
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else { continue };
        let Some(role) = role(&argument.ty, errors) else { continue };
        if let Some(fault) = surplus(&role, &all) {
            errors.at(argument, fault);
            continue;
        }
        if role.place() < place {
            errors.at(argument, format!("the arguments of an endpoint come in the order {ORDER}"));
        }
        place = role.place();
        match role {
            Role::Context => all.context = true,
            Role::Request(ty) => all.request = Some(ty),
            Role::Receiver(ty) => (all.request, all.receives) = (Some(ty), true),
            Role::Sender(ty) => all.response = Some(ty),
        }
    }
    all
}

impl Role {
    fn place(&self) -> u8 {
        match self {
            Self::Context => 0,
            Self::Request(_) | Self::Receiver(_) => 1,
            Self::Sender(_) => 2,
        }
    }
}

/// Why an argument is one too many.
fn surplus(role: &Role, before: &Arguments) -> Option<&'static str> {
    match role {
        Role::Context if before.context => Some("an endpoint has one context"),
        Role::Sender(_) if before.response.is_some() => Some("an endpoint answers through one `Sender`"),
        Role::Request(_) | Role::Receiver(_) if before.request.is_some() => {
            Some(match (role, before.receives) {
                (Role::Request(_), false) => {
                    "an endpoint takes one request: put all it needs into one message"
                }
                (Role::Receiver(_), true) => "an endpoint takes one `Receiver`",
                _ => "an endpoint takes one request or a `Receiver` of them, not both",
            })
        }
        _ => None,
    }
}

fn role(ty: &Type, errors: &mut Errors) -> Option<Role> {
    if let Type::Reference(reference) = bare(ty) {
        return match last_segment(&reference.elem).map(|segment| segment.ident.to_string()).as_deref() {
            Some("Context") if reference.mutability.is_none() => Some(Role::Context),
            Some("Context") => {
                errors.at(ty, "the context is shared: take `ctx: &Context`");
                None
            }
            Some(end @ ("Sender" | "Receiver")) => {
                errors.at(ty, format!("an endpoint owns its `{end}`: take `{}`", shown(&reference.elem)));
                None
            }
            _ => message(ty, "request", errors).map(Role::Request),
        };
    }
    match last_segment(ty) {
        Some(segment) if segment.ident == "Context" => {
            errors.at(ty, "the context is borrowed: take `ctx: &Context`");
            None
        }
        Some(segment) if segment.ident == "Sender" || segment.ident == "Receiver" => {
            let end = &segment.ident;
            let Some(item) = type_arguments(segment).first().copied() else {
                errors.at(ty, format!("say what the stream is of: `{end}<T>`"));
                return None;
            };
            let item = message(item, "message of a stream", errors)?;
            Some(if end == "Sender" { Role::Sender(item) } else { Role::Receiver(item) })
        }
        _ => message(ty, "request", errors).map(Role::Request),
    }
}

/// The type, unless it is one that cannot be a message whatever it implements. `what` says what it is to be.
pub(super) fn message(ty: &Type, what: &str, errors: &mut Errors) -> Option<Type> {
    let whole = shown(ty);
    match unfit(ty) {
        None => return Some(ty.clone()),
        Some(Unfit::Reference) => {
            let owned = shown(owned(ty));
            errors.at(ty, format!("`{whole}` cannot be a {what}: own it, e.g. `{owned}`"));
        }
        Some(Unfit::Lifetime(lifetime)) => {
            errors.at(
                ty,
                format!("`{whole}` cannot be a {what}: it borrows for `{lifetime}`; own what is in it"),
            );
        }
        Some(Unfit::Impl) => {
            errors.at(ty, format!("`{whole}` cannot be a {what}: name one type"));
        }
    }
    None
}
