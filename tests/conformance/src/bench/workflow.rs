//! The workflow that is measured, at each level.

/// The calling actor; it has reached `middle`.
pub(super) const CALLER: &str = "spiffe://bench.example/ns/bench/sa/second";
/// The actor whose gate is measured.
pub(super) const CALLED: &str = "spiffe://bench.example/ns/bench/sa/third";
/// The request, which takes the transition `middle -> end`.
pub(super) const REQUEST: (&str, &str) = ("POST", "/end/7");
/// A header that the guard reads; all variants carry it.
pub(super) const GUARDED_HEADER: (&str, &str) = ("x-amount", "1250");

/// The checks that the gate makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Identity,
    Hs256,
    Es256,
    EdDsa,
    Guarded,
}

impl Level {
    pub(super) const ALL: [Self; 5] = [Self::Identity, Self::Hs256, Self::Guarded, Self::EdDsa, Self::Es256];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Identity => "gate, identity",
            Self::Hs256 => "gate, signed HS256",
            Self::Es256 => "gate, signed ES256",
            Self::EdDsa => "gate, signed EdDSA",
            Self::Guarded => "gate, signed HS256, a guard",
        }
    }

    /// The variable of the corpus that holds its key.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Identity | Self::Hs256 | Self::Guarded => "KEY_FILM",
            Self::Es256 => "KEY_NEWS_WRITER",
            Self::EdDsa => "KEY_NEWS_PRINTER",
        }
    }

    /// The configuration of its gate: with the direction, as `stepgate render` writes it; no access log names instances.
    pub(super) fn configuration(self, further: Further) -> String {
        let (assurance, keys) = match self {
            Self::Identity => ("identity", String::new()),
            Self::Hs256 | Self::Es256 | Self::EdDsa | Self::Guarded => {
                let key = self.key();
                ("signed", format!("keys:\n  - {{workflow: bench, kid: now, use: sign, env: {key}}}\n"))
            }
        };
        let guard = match self {
            Self::Guarded => r#", when: 'peer.tenure > 10 && request.headers["x-amount"].matches("^[1-9][0-9]*$")'"#,
            Self::Identity | Self::Hs256 | Self::Es256 | Self::EdDsa => "",
        };
        let line = |from: &str, to: &str| format!("      - {{from: {from}, to: {to}}}\n");
        let (mut tasks, mut transitions) = (String::new(), String::new());
        let (join, before) = match further {
            Further::Join(_) => (", join: all", String::new()),
            Further::Chain(_) | Further::Web(_) | Further::Fan(_) => ("", line("begin", "middle")),
        };
        let count = further.tasks();
        for n in 0..count {
            let to = format!("task-{n}");
            tasks.push_str(&format!(
                "      {to}: {{actor: second, requests: [{{methods: [POST], path: \"/{to}/{{id}}\"}}]}}\n"
            ));
            let mut lead = |from: &str| transitions.push_str(&line(from, &to));
            match (further, n) {
                (Further::Fan(_), _) => lead("middle"),
                (Further::Join(_), _) => lead("begin"),
                (_, 0) => lead("end"),
                (_, n) => lead(&format!("task-{}", n.saturating_sub(1))),
            }
            if let Further::Web(_) = further {
                (2..=3).filter_map(|back| n.checked_sub(back)).for_each(|from| lead(&format!("task-{from}")));
            }
            if let Further::Join(_) = further {
                transitions.push_str(&line(&to, "middle"));
            }
        }
        format!(
            r#"direction: inbound
log: {{instances: false}}
{keys}workflows:
  - workflow: bench
    revision: 1
    trust_domain: bench.example
    assurance: {assurance}
    actors:
      first: {{spiffe: [ns/bench/sa/first]}}
      second: {{spiffe: [ns/bench/sa/second], attributes: {{tenure: 12}}}}
      third: {{spiffe: [ns/bench/sa/third]}}
    tasks:
      begin: {{actor: first, initial: true}}
      middle: {{actor: second{join}, requests: [{{methods: [POST], path: "/middle/{{id}}"}}]}}
      end: {{actor: third, requests: [{{methods: [POST], path: "/end/{{id}}"}}]}}
{tasks}    transitions:
{before}      - {{from: middle, to: end{guard}}}
{transitions}"#
        )
    }
}

/// Further tasks of the workflow.
#[derive(Debug, Clone, Copy)]
pub(super) enum Further {
    /// A chain of tasks after the last one.
    Chain(usize),
    /// The same, in which each task is also reached from the second and the third task before it.
    Web(usize),
    /// Tasks that the measured transition's task also leads to.
    Fan(usize),
    /// Tasks between the first one and the measured transition's, which becomes their join.
    Join(usize),
}

impl Further {
    pub(super) const NONE: Self = Self::Chain(0);
    /// With about 100, 1,000 and 10,000 transitions.
    pub(super) const HUNDRED: Self = Self::Web(33);
    pub(super) const THOUSAND: Self = Self::Web(333);
    pub(super) const LARGE: Self = Self::Web(3_333);

    fn tasks(self) -> usize {
        match self {
            Self::Chain(tasks) | Self::Web(tasks) | Self::Fan(tasks) | Self::Join(tasks) => tasks,
        }
    }
}
