//! XForm: an outline of questions becomes the form that ODK Collect downloads.
//!
//! Expressions are XPath as ODK knows it; `${name}` stands for the question or group of that name and becomes its path.
//! What cannot become a valid form is a [`Fault`], so that a form is written whole or not at all.

mod check;
mod write;

pub use check::Fault;

/// 表单 — title, identity, questions, lists from files beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Form {
    pub id: String,
    pub title: String,
    pub version: String,
    /// An expression that names each filled form, for the list on the phone.
    pub instance_name: Option<String>,
    pub lists: Vec<ExternalList>,
    pub items: Vec<Item>,
}

/// 外部名单 — choices that come as a CSV file with the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalList {
    /// Name of the instance, `sites`.
    pub id: String,
    /// Name of the file, `sites.csv`.
    pub file: String,
}

/// Elements that hold the rows of an external list, from the outside in, as ODK reads its CSV file.
const ROWS: [&str; 2] = ["root", "item"];

/// The rows of an external list, as a path; a condition in brackets or the name of a column may follow.
pub fn items_of(list: &str) -> String {
    format!("instance('{list}')/{}", ROWS.join("/"))
}

/// 条目 — a group, a repeat or a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Group(Group),
    Repeat(Group),
    Question(Question),
}

/// 题组 — questions together, on one screen or once for each thing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Group {
    pub name: String,
    pub label: String,
    pub relevant: Option<String>,
    /// `field-list` shows the group on one screen.
    pub appearance: Option<String>,
    /// Of a repeat: name of the question that says how many; without it people add and delete.
    pub count: Option<String>,
    pub items: Vec<Item>,
}

/// 题 — what is asked, how it is answered, what is demanded of the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    pub name: String,
    pub label: String,
    pub hint: Option<String>,
    pub kind: Kind,
    pub is_required: bool,
    pub required_message: Option<String>,
    pub relevant: Option<String>,
    pub constraint: Option<String>,
    pub constraint_message: Option<String>,
    pub appearance: Option<String>,
    /// A fixed answer to begin with.
    pub default: Option<String>,
}

/// 题型 — how a question is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Text,
    Integer,
    Decimal,
    Date,
    DateTime,
    SelectOne(Choices),
    SelectMultiple(Choices),
    GeoPoint,
    GeoTrace,
    GeoShape,
    Image,
    Audio,
    Video,
    /// Only read.
    Note,
    /// Worked out by the phone, not shown.
    Calculate(String),
}

/// 选项来源 — choices in the form, or in a list beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum Choices {
    Listed(Vec<Choice>),
    From {
        list: String,
        value: String,
        label: String,
        /// Which rows are offered, as a predicate.
        filter: Option<String>,
    },
}

/// 选项 — a code and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Question {
    /// A question with nothing but name, words and kind.
    pub fn new(name: impl Into<String>, label: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            hint: None,
            kind,
            is_required: false,
            required_message: None,
            relevant: None,
            constraint: None,
            constraint_message: None,
            appearance: None,
            default: None,
        }
    }

    /// The same question, which must be answered.
    #[must_use]
    pub fn required(mut self, message: impl Into<String>) -> Self {
        self.is_required = true;
        self.required_message = Some(message.into());
        self
    }

    /// The same question with words of help.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same question, asked only where the expression holds.
    #[must_use]
    pub fn relevant(mut self, expression: impl Into<String>) -> Self {
        self.relevant = Some(expression.into());
        self
    }

    /// The same question, whose answer must make the expression hold.
    #[must_use]
    pub fn constraint(mut self, expression: impl Into<String>, message: impl Into<String>) -> Self {
        self.constraint = Some(expression.into());
        self.constraint_message = Some(message.into());
        self
    }

    /// The same question, shown in another way.
    #[must_use]
    pub fn appearance(mut self, appearance: impl Into<String>) -> Self {
        self.appearance = Some(appearance.into());
        self
    }

    /// The same question with an answer to begin with.
    #[must_use]
    pub fn default(mut self, answer: impl Into<String>) -> Self {
        self.default = Some(answer.into());
        self
    }
}

impl From<Question> for Item {
    fn from(question: Question) -> Self {
        Self::Question(question)
    }
}

impl Item {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Group(group) | Self::Repeat(group) => &group.name,
            Self::Question(question) => &question.name,
        }
    }
}

impl Form {
    /// The form as XML, or why it cannot be one.
    pub fn write(&self) -> Result<String, Fault> {
        let paths = check::check(self)?;
        write::write(self, &paths)
    }
}
