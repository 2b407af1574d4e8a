//! What a document guarantees, read from its text alone.

use std::collections::BTreeSet;

use serde_json::Value;
use stepgate_config::Code;

/// A transition: the task that it leads to, who calls, and how it is restricted.
type Way = (String, String, String);

/// What the first document guarantees and the second does not.
pub(crate) fn lost(before: &Value, after: &Value, code: Code) -> Vec<String> {
    let mut lost = Vec::new();
    let level = |document: &Value| {
        let word = document["assurance"].as_str().unwrap_or("signed");
        ["identity", "signed", "once"].iter().position(|level| *level == word)
    };
    if level(after) < level(before) {
        lost.push("its level".to_owned());
    }
    let advice = |document: &Value| document.to_string().matches("advisory").count();
    if advice(after) > advice(before) {
        lost.push("a rule, which is advice now".to_owned());
    }
    let (rules, kept) = (constraints(before), constraints(after));
    lost.extend(rules.difference(&kept).cloned());
    let (ways, kept) = (ways(before), ways(after));
    // Of two transitions between the same tasks, and of the calls of a join, one has the guards of all.
    let is_one = |way: &Way| {
        let mut others = kept.iter().filter(|other| other.0 == way.0 && other.1 == way.1);
        let rules = || way.2.split('\n').filter(|rule| !rule.is_empty());
        others.any(|other| rules().all(|rule| other.2.contains(rule)))
    };
    let merges = matches!(code, Code::Duplicate | Code::OneCaller | Code::GuardSyntax);
    // Another performer calls what leaves the task that it performs.
    let moves = code == Code::BadConstraint;
    // The caller that `via` names, or that has to be named.
    let names = code == Code::BadVia || code == Code::BadJoin;
    for way in &ways {
        let found = kept.contains(way)
            || merges && (is_one(way) || code == Code::GuardSyntax && kept.iter().any(|other| other.0 == way.0))
            || (moves || names) && kept.iter().any(|other| other.0 == way.0 && other.2 == way.2);
        if !found {
            lost.push(format!("{way:?}"));
        }
    }
    lost
}

fn constraints(document: &Value) -> BTreeSet<String> {
    let all = document["constraints"].as_array().into_iter().flatten();
    let of = |constraint: &Value, key: &str| constraint.get(key).map(|tasks| format!("{key} {tasks}"));
    all.filter(|one| one.get("advisory") != Some(&Value::Bool(true)))
        .flat_map(|one| [of(one, "separate"), of(one, "bind")])
        .flatten()
        .collect()
}

fn ways(document: &Value) -> BTreeSet<Way> {
    let performer = |task: &str| document["tasks"][task]["actor"].as_str().unwrap_or_default().to_owned();
    let mut ways = BTreeSet::new();
    for item in document["transitions"].as_array().into_iter().flatten() {
        if let Some(chain) = item.as_str() {
            let tasks: Vec<&str> = chain.split("->").map(str::trim).collect();
            ways.extend(tasks.windows(2).map(|pair| (pair[1].to_owned(), performer(pair[0]), String::new())));
            continue;
        }
        let (to, from) = (item["to"].as_str().unwrap_or_default().to_owned(), &item["from"]);
        let first = from.as_str().or_else(|| from[0].as_str()).unwrap_or_default();
        let caller = item["via"].as_str().map_or_else(|| performer(first), str::to_owned);
        let rules = ["uses", "after", "within", "when"].into_iter().filter_map(|key| Some((key, item.get(key)?)));
        let rules: Vec<String> =
            rules.map(|(_, value)| value.as_str().map_or(value.to_string(), str::to_owned)).collect();
        ways.insert((to, caller, rules.join("\n")));
    }
    ways
}
