//! Puts the texts of a language on the command line's skeleton.

use app::messages::Messages;
use clap::{Arg, ArgAction, Command};

/// The same command with every help text taken from `messages/<language>/cli.toml`.
///
/// Codes: `cli.about`, `cli.<command>.about`, `cli.<command>.<argument>`; global arguments are `cli.<argument>`.
pub(crate) fn localize(command: Command, messages: &Messages) -> Command {
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version)
        .help(messages.text("cli.version", &[]));
    with_texts(command, "cli", messages)
        .disable_version_flag(true)
        .arg(version)
}

/// The page of a command: what it is, how it is called, and what there is to give.
fn template(command: &Command, messages: &Messages) -> String {
    // The holes are filled by the parser of the command line.
    let mut page = format!(
        "{{about}}\n\n{}{{usage}}\n",
        messages.text("cli.heading.usage", &[])
    );
    let sections = [
        (command.has_subcommands(), "commands", "subcommands"),
        (
            command.get_positionals().next().is_some(),
            "arguments",
            "positionals",
        ),
        (true, "options", "options"),
    ];
    for (_, heading, hole) in sections.into_iter().filter(|(has, _, _)| *has) {
        let heading = messages.text(&format!("cli.heading.{heading}"), &[]);
        page.push_str(&format!("\n{heading}\n{{{hole}}}\n"));
    }
    page
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
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .help(messages.text("cli.help", &[]));
    let page = template(&command, messages);
    let mut command = command
        .about(messages.text(&format!("{path}.about"), &[]))
        .help_template(page)
        .disable_help_flag(true)
        .arg(help);
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
