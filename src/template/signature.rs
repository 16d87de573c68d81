//! What expressions can call: every filter, test and function in one table, which admission, error messages and the
//! reference page read.

/// A filter, test or function: how it is written, what it does, and one use of it with its result.
pub struct Signature {
    /// Its name.
    pub name: &'static str,
    /// The fewest and the most arguments in its brackets; a filter that may have none needs no brackets.
    pub arguments: (usize, usize),
    /// How it is written: `text | b64encode`.
    pub written: &'static str,
    /// What it does, and what it refuses, in a sentence or two.
    pub does: &'static str,
    /// A leaf and, as JSON, what it evaluates to; on an empty scope. Empty where only a cluster can tell.
    pub example: (&'static str, &'static str),
}

impl Signature {
    /// How to write it, for messages.
    pub(super) fn usage(&self) -> String {
        format!("`{}` is written `{}`", self.name, self.written)
    }

    pub(super) fn takes(&self, arguments: usize) -> bool {
        (self.arguments.0..=self.arguments.1).contains(&arguments)
    }
}

const fn signature(
    name: &'static str,
    arguments: (usize, usize),
    written: &'static str,
    does: &'static str,
    example: (&'static str, &'static str),
) -> Signature {
    Signature { name, arguments, written, does, example }
}

/// All filters, by name.
pub const FILTERS: &[Signature] = &[
    signature(
        "b64decode",
        (0, 0),
        "text | b64decode",
        "The text that a base64 text (the standard alphabet, with padding) stands for. What it stands for must be UTF-8.",
        ("{{ 'aGk=' | b64decode }}", "\"hi\""),
    ),
    signature(
        "b64encode",
        (0, 0),
        "text | b64encode",
        "Standard base64 with padding, as the `data` of a Secret wants it.",
        ("{{ 'hi' | b64encode }}", "\"aGk=\""),
    ),
    signature(
        "default",
        (1, 1),
        "value | default(other)",
        "The other value where the first is not there. Null is there.",
        ("{{ {'a': 1}.b | default(2) }}", "2"),
    ),
    signature(
        "dns_label",
        (0, 0),
        "text | dns_label",
        "A name of RFC 1035 with at most 63 characters. A text that is one stays as it is; any other ends in a hash of the whole, so that different texts make different names.",
        ("{{ 'shop' | dns_label }}", "\"shop\""),
    ),
    signature(
        "get",
        (1, 1),
        "value | get(key)",
        "The entry of a map or the item of a list, as `value[key]`; what is not there can be given by `default`.",
        ("{{ {'a.b': 1} | get('a.b') }}", "1"),
    ),
    signature(
        "join",
        (1, 1),
        "list | join(', ')",
        "One text of the items, which are strings, numbers or bools, with the separator between them.",
        ("{{ ['a', 1, true] | join('-') }}", "\"a-1-true\""),
    ),
    signature(
        "json",
        (0, 0),
        "value | json",
        "Compact JSON with sorted keys.",
        ("{{ {'b': [1, 'x'], 'a': true} | json }}", r#""{\"a\":true,\"b\":[1,\"x\"]}""#),
    ),
    signature(
        "keys",
        (0, 0),
        "map | keys",
        "The sorted list of a map's keys.",
        ("{{ {'b': 1, 'a': 2} | keys }}", r#"["a","b"]"#),
    ),
    signature("lower", (0, 0), "text | lower", "Small letters.", ("{{ 'Shop' | lower }}", "\"shop\"")),
    signature(
        "merge",
        (1, 1),
        "map | merge(other)",
        "Both maps as one; where both have a key, the other's value stands. Maps inside of them are not merged.",
        ("{{ {'a': 1, 'b': 1} | merge({'b': 2}) }}", r#"{"a":1,"b":2}"#),
    ),
    signature(
        "quantity",
        (0, 1),
        "amount | quantity('Mi')",
        "How many of a unit an amount of Kubernetes is, as a whole number, rounded up. Without a unit (`amount | quantity`): the amount in the form that the API server stores. It is given as text or number.",
        ("{{ [0.5 | quantity, '1024Mi' | quantity, '1.5Gi' | quantity('Mi')] }}", r#"["500m","1Gi",1536]"#),
    ),
    signature(
        "replace",
        (2, 2),
        "text | replace('from', 'to')",
        "The text with every `from` replaced. Both are plain texts, no patterns.",
        ("{{ 'a.b.c' | replace('.', '-') }}", "\"a-b-c\""),
    ),
    signature(
        "sha256",
        (0, 0),
        "text | sha256",
        "The SHA-256 of the text, as 64 hexadecimal digits.",
        ("{{ 'a' | sha256 }}", "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\""),
    ),
    signature(
        "split",
        (1, 1),
        "text | split(',')",
        "The list of the texts between the separators. The separator is a plain text, no pattern.",
        ("{{ 'a,b' | split(',') }}", r#"["a","b"]"#),
    ),
    signature(
        "trim",
        (0, 0),
        "text | trim",
        "The text without white space at its ends.",
        ("{{ ' a ' | trim }}", "\"a\""),
    ),
    signature(
        "truncate_hash",
        (1, 1),
        "text | truncate_hash(40)",
        "At most so many characters (10 or more): a longer text is cut and ends in a hash of the whole.",
        ("{{ 'abcdefghijkl' | truncate_hash(10) }}", "\"a-d682ed4c\""),
    ),
    signature("upper", (0, 0), "text | upper", "Capital letters.", ("{{ 'shop' | upper }}", "\"SHOP\"")),
    signature(
        "yaml",
        (0, 0),
        "value | yaml",
        "YAML in block style with sorted keys. Texts that some reader could take for something else are quoted.",
        ("{{ {'b': ['no', 1], 'a': 'x'} | yaml }}", r#""a: x\nb:\n- \"no\"\n- 1\n""#),
    ),
];

/// All tests, by name.
pub const TESTS: &[Signature] = &[
    signature("boolean", (0, 0), "value is boolean", "A bool.", ("{{ 1 is boolean }}", "false")),
    signature(
        "defined",
        (0, 0),
        "value is defined",
        "It is there. Null is there. The one question that may be asked of a secret reference.",
        ("{{ {'a': 1}.b is defined }}", "false"),
    ),
    signature("integer", (0, 0), "value is integer", "A whole number.", ("{{ 1 is integer }}", "true")),
    signature("mapping", (0, 0), "value is mapping", "A map.", ("{{ {} is mapping }}", "true")),
    signature("none", (0, 0), "value is none", "Null.", ("{{ none is none }}", "true")),
    signature("number", (0, 0), "value is number", "Any number.", ("{{ 0.5 is number }}", "true")),
    signature("sequence", (0, 0), "value is sequence", "A list.", ("{{ [1] is sequence }}", "true")),
    signature("string", (0, 0), "value is string", "A text.", ("{{ 'a' is string }}", "true")),
    signature(
        "undefined",
        (0, 0),
        "value is undefined",
        "It is not there.",
        ("{{ {'a': 1}.b is undefined }}", "true"),
    ),
];

/// The function that makes a reference.
pub const SECRET_REF: &str = "secret_ref";
/// The function that composes a secret.
pub const SECRET_TEMPLATE: &str = "secret_template";

/// All functions, by name.
pub const FUNCTIONS: &[Signature] = &[
    signature(
        SECRET_REF,
        (2, 2),
        "secret_ref(name, key)",
        "A reference to a key of a Secret in the workload's namespace. It is a value of its own: it can be passed on and given to `secret_template`, and nothing else.",
        (
            "{{ secret_ref('db-conn', 'password') }}",
            r#"{"secretKeyRef":{"name":"db-conn","key":"password"}}"#,
        ),
    ),
    signature(
        SECRET_TEMPLATE,
        (1, 32),
        "secret_template('postgres://', secret_ref(name, key), '@', host)",
        "A text with secret parts, in `outputs` only: the operator keeps it as a key of a Secret that the resource owns, and the output is a reference to that key. The parts are strings, numbers, bools, references, and secret values of `generated`.",
        ("", ""),
    ),
];

/// Names that are no variables.
pub(super) const CONSTANTS: &[&str] = &["true", "false", "none", "True", "False", "None", "omit"];
