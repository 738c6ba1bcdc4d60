//! Puts the texts of a language on the command line's skeleton.

use app::messages::Messages;
use clap::Command;

/// The same command with every help text taken from `messages/<language>/cli.toml`.
///
/// Codes: `cli.about`, `cli.<command>.about`, `cli.<command>.<argument>`; global arguments are `cli.<argument>`.
pub(crate) fn localize(command: Command, messages: &Messages) -> Command {
    let command = with_texts(command, "cli", messages);
    // The template's own holes are filled by the parser of the command line.
    let holes =
        ["about", "usage", "subcommands", "options"].map(|name| (name, format!("{{{name}}}")));
    let holes: Vec<(&str, &str)> = holes
        .iter()
        .map(|(name, hole)| (*name, hole.as_str()))
        .collect();
    command.help_template(messages.text("cli.template", &holes))
}

fn with_texts(command: Command, path: &str, messages: &Messages) -> Command {
    let names: Vec<String> = command
        .get_arguments()
        .map(|a| a.get_id().to_string())
        .collect();
    let children: Vec<String> = command
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    let mut command = command.about(messages.text(&format!("{path}.about"), &[]));
    for name in names {
        let text = messages.text(&format!("{path}.{name}"), &[]);
        command = command.mut_arg(name, |argument| argument.help(text));
    }
    for child in children {
        let path = format!("{path}.{child}");
        command = command.mut_subcommand(child, |sub| with_texts(sub, &path, messages));
    }
    command
}

/// Codes that the skeleton needs; a test proves that each has a text in both languages.
#[cfg(test)]
pub(crate) fn needed_codes(command: &Command, path: &str) -> Vec<String> {
    let mut codes = vec![format!("{path}.about")];
    codes.extend(
        command
            .get_arguments()
            .map(|a| format!("{path}.{}", a.get_id())),
    );
    for child in command.get_subcommands() {
        codes.extend(needed_codes(child, &format!("{path}.{}", child.get_name())));
    }
    codes
}
