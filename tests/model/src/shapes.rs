//! The workflows that are explored: one of every shape, as small as it can be.

use crate::shape::{Bounds, Shape};

const CHAIN: &str = "
  - workflow: chain
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
      d: {actor: x, requests: /d}
    transitions: [a -> b -> c -> d]
";

const CHOICE: &str = "
  - workflow: choice
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b, split: {value: one, advisory: true}}
      c: {actor: u, requests: /c}
      d: {actor: z, requests: /d}
      e: {actor: x, requests: /e}
    transitions: [a -> b -> c -> e, b -> d]
";

const JOIN: &str = "
  - workflow: join
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z, j]
    tasks:
      a: {actor: a, initial: true}
      f: {actor: x, requests: /f, split: all}
      b: {actor: u, requests: /b}
      c: {actor: z, requests: /c}
      j: {actor: j, requests: /j, join: all}
      k: {actor: x, requests: /k}
    transitions: [a -> f, f -> b -> j, f -> c -> j, j -> k]
";

const NESTED: &str = "
  - workflow: nested
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z, j]
    tasks:
      a: {actor: a, initial: true, split: all}
      f: {actor: x, requests: /f, split: all}
      b: {actor: u, requests: /b}
      c: {actor: z, requests: /c}
      i: {actor: j, requests: /i, join: all}
      d: {actor: u, requests: /d}
      j: {actor: j, requests: /j, join: all}
      k: {actor: x, requests: /k}
    transitions: [a -> f, f -> b -> i, f -> c -> i, i -> j, a -> d -> j, j -> k]
";

const TOWER: &str = "
  - workflow: tower
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, j]
    tasks:
      a: {actor: a, initial: true, split: all}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
      i: {actor: j, requests: /i, join: all, split: all}
      d: {actor: x, requests: /d}
      e: {actor: u, requests: /e}
      j: {actor: j, requests: /j, join: all}
      k: {actor: x, requests: /k}
    transitions: [a -> b -> i, a -> c -> i, i -> d -> j, i -> e -> j, j -> k]
";

const ROUNDS: &str = "
  - workflow: rounds
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z, j]
    tasks:
      a: {actor: a, initial: true}
      f: {actor: x, requests: /f, split: all}
      b: {actor: u, requests: /b}
      c: {actor: z, requests: /c}
      j: {actor: j, requests: /j, join: all}
      k: {actor: x, requests: /k}
    transitions: [{from: a, to: f, uses: 2}, f -> b -> j, f -> c -> j, j -> k]
";

const LOOP: &str = "
  - workflow: loop
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b, max_visits: 2, split: any}
      c: {actor: u, requests: /c, max_visits: 2}
      d: {actor: z, requests: /d}
    transitions: [a -> b -> c -> b, b -> d]
";

const VIA: &str = "
  - workflow: via
    revision: 1
    trust_domain: m
    namespace: m
    actors: [shop, stock, bank, depot]
    tasks:
      order: {actor: shop, initial: true}
      reserve: {actor: stock, requests: /reserve}
      pay: {actor: bank, requests: /pay}
      ship: {actor: depot, requests: /ship}
    transitions: [order -> reserve, {from: reserve, to: pay, via: shop}, {from: pay, to: ship, via: shop}]
";

const USES: &str = "
  - workflow: uses
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
      d: {actor: z, requests: /d}
    transitions: [a -> b, {from: b, to: c, uses: 2}, c -> d]
";

const SEPARATE: &str = "
  - workflow: separate
    revision: 1
    trust_domain: m
    actors: {a: {spiffe: [ns/m/sa/a]}, desk: {spiffe: [ns/m/sa/d1, ns/m/sa/d2]}, u: {spiffe: [ns/m/sa/u]}}
    tasks:
      a: {actor: a, initial: true}
      b: {actor: desk, requests: /b}
      c: {actor: u, requests: /c}
      d: {actor: desk, requests: /d}
    transitions: [a -> b -> c -> d]
    constraints: [{separate: [b, d]}]
";

const BIND: &str = "
  - workflow: bind
    revision: 1
    trust_domain: m
    actors: {a: {spiffe: [ns/m/sa/a]}, desk: {spiffe: [ns/m/sa/d1, ns/m/sa/d2]}, u: {spiffe: [ns/m/sa/u]}}
    tasks:
      a: {actor: a, initial: true}
      b: {actor: desk, requests: /b}
      c: {actor: u, requests: /c}
      d: {actor: desk, requests: /d}
    transitions: [a -> b -> c -> d]
    constraints: [{bind: [b, d]}]
";

const ROLES: &str = "
  - workflow: roles
    revision: 1
    trust_domain: m
    actors:
      shop: {spiffe: [ns/m/sa/w]}
      stock: {spiffe: [ns/m/sa/w, ns/m/sa/s]}
      depot: {spiffe: [ns/m/sa/d]}
    tasks:
      order: {actor: shop, initial: true}
      reserve: {actor: stock, requests: /reserve}
      ship: {actor: depot, requests: /ship}
    transitions: [order -> reserve, {from: reserve, to: ship, via: shop}]
";

/// `after`, `within`, and lives that end: a unit is the leeway.
const WINDOW: &str = "
  - workflow: window
    revision: 1
    trust_domain: m
    namespace: m
    deadline: 5m
    task_ttl: 150s
    actors: [a, x, u, z]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
    transitions: [a -> b, {from: b, to: c, after: 30s, within: 1m}]
";

const CLOCKS: &str = "
  - workflow: clocks
    revision: 1
    trust_domain: m
    namespace: m
    deadline: 90s
    task_ttl: 30s
    actors: [a, x, u, z]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
      d: {actor: z, requests: /d}
    transitions: [a -> b -> c -> d]
";

const LATE_JOIN: &str = "
  - workflow: latejoin
    revision: 1
    trust_domain: m
    namespace: m
    deadline: 1m
    task_ttl: 30s
    actors: [a, x, u, j]
    tasks:
      a: {actor: a, initial: true, split: all}
      b: {actor: x, requests: /b}
      c: {actor: u, requests: /c}
      j: {actor: j, requests: /j, join: all}
      k: {actor: x, requests: /k}
    transitions: [a -> b -> j, a -> c -> j, j -> k]
";

const TWO: &str = "
  - workflow: one
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u]
    tasks:
      a1: {actor: a, initial: true}
      b1: {actor: x, requests: /b}
      c1: {actor: u, requests: /c}
    transitions: [a1 -> b1, a1 -> c1]
  - workflow: two
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, u, z]
    tasks:
      a2: {actor: a, initial: true}
      s2: {actor: u, requests: /s}
      b2: {actor: x, requests: /b}
      d2: {actor: z, requests: /d}
    transitions: [a2 -> b2 -> d2, a2 -> s2]
";

const ROGUE: &str = "
  - workflow: rogue
    revision: 1
    trust_domain: m
    namespace: m
    actors: [a, x, m, u]
    tasks:
      a: {actor: a, initial: true}
      b: {actor: x, requests: /b}
      c: {actor: m, requests: /c}
      d: {actor: u, requests: /d}
      e: {actor: x, requests: /e}
    transitions: [a -> b -> c -> d -> e]
";

const LEAST: Bounds = Bounds::LEAST;
const PAIRS: Bounds = Bounds { replicas: 2, ..LEAST };
const FAILS: Bounds = Bounds { restarts: 1, undelivered: 1, ..PAIRS };

fn shape(name: &'static str, documents: &'static str, bounds: Bounds) -> Shape {
    Shape { name, documents, forks: &[], rogue: None, starts: None, bounds }
}

/// All shapes; with `long`, further than `make test` has time for.
pub fn all(long: bool) -> Vec<Shape> {
    let further = |bounds: Bounds, more: Bounds| if long { more } else { bounds };
    let two = |bounds: Bounds| Bounds { instances: 2, ..bounds };
    vec![
        shape("chain", CHAIN, further(two(FAILS), two(Bounds { undelivered: 2, ..FAILS }))),
        shape("choice", CHOICE, further(FAILS, two(FAILS))),
        Shape {
            forks: &[("j", "f")],
            ..shape("join", JOIN, further(FAILS, Bounds { restarts: 2, undelivered: 2, ..PAIRS }))
        },
        Shape { forks: &[("j", "a"), ("i", "f")], ..shape("nested join", NESTED, further(PAIRS, FAILS)) },
        Shape { forks: &[("i", "a"), ("j", "i")], ..shape("join after join", TOWER, further(PAIRS, FAILS)) },
        Shape {
            forks: &[("j", "f")],
            ..shape("two rounds", ROUNDS, further(LEAST, Bounds { restarts: 1, undelivered: 1, ..LEAST }))
        },
        shape("loop", LOOP, further(FAILS, Bounds { restarts: 2, ..FAILS })),
        shape("via", VIA, two(FAILS)),
        shape("several uses", USES, further(PAIRS, FAILS)),
        shape("separate", SEPARATE, FAILS),
        shape("bind", BIND, FAILS),
        shape("two roles", ROLES, further(FAILS, two(PAIRS))),
        shape("times", WINDOW, Bounds { time: 10, clocks: true, ..PAIRS }),
        shape("clocks", CLOCKS, Bounds { time: 5, clocks: true, ..PAIRS }),
        Shape {
            forks: &[("j", "a")],
            ..shape(
                "late join",
                LATE_JOIN,
                Bounds { time: 4, clocks: true, ..further(LEAST, Bounds { undelivered: 1, ..LEAST }) },
            )
        },
        Shape { starts: Some(1), ..shape("limited starts", CHAIN, Bounds { instances: 3, ..PAIRS }) },
        shape("two documents", TWO, two(PAIRS)),
        Shape { rogue: Some("m"), ..shape("rogue gate", ROGUE, PAIRS) },
    ]
}
