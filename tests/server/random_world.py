"""Random policies, users and documents, and what the policies mean, worked out by hand."""

import dataclasses

DEPARTMENTS = ("hr", "it", "law")
LEVELS = ("public", "internal", "confidential", "secret")
REGIONS = ("cn", "eu")
READ = 'action == Action::"read"'


class Undecided(Exception):
    """The rule asks for an attribute that is not there."""


class Asked(dict):
    def __missing__(self, name):
        raise Undecided(name)


@dataclasses.dataclass(frozen=True)
class Rule:
    text: str
    forbids: bool
    holds: object  # (attributes of the user, of the document, the user's groups) -> bool


def level(name):
    return LEVELS.index(name)


def some_rules(chance, group=None, denies="deny read", forbidden=READ):
    """From one to five rules; those that forbid speak of reading alone unless told otherwise."""
    department, region = chance.choice(DEPARTMENTS), chance.choice(REGIONS)
    low = chance.randrange(2)
    clearance, secret = chance.choice(LEVELS[:2]), chance.choice(LEVELS[2:])
    rules = [
        Rule("allow if user.department == resource.department and "
             "user.clearance >= resource.sensitivity", False,
             lambda mine, its, _: mine["department"] == its["department"]
             and level(mine["clearance"]) >= level(its["sensitivity"])),
        Rule(f"permit(principal, {READ}, resource) "
             f"when {{ resource has sensitivity && resource.sensitivity <= {low} }};", False,
             lambda _, its, __: "sensitivity" in its and level(its["sensitivity"]) <= low),
        Rule(f"permit(principal, {READ}, resource) when {{ principal has region && "
             "resource has region && principal.region == resource.region };", False,
             lambda mine, its, _: "region" in mine and "region" in its
             and mine["region"] == its["region"]),
        Rule(f'allow if user.region in ["{region}", "moon"] and resource.sensitivity <= "internal"',
             False, lambda mine, its, _: mine["region"] in (region, "moon")
             and level(its["sensitivity"]) <= 1),
        Rule(f'{denies} if user.clearance == "{clearance}" and resource.sensitivity == "{secret}"',
             True, lambda mine, its, _: mine["clearance"] == clearance
             and its["sensitivity"] == secret),
        Rule(f"forbid(principal, {forbidden}, resource) "
             'when { resource has project && resource.project == "x" } '
             'unless { principal has project && principal.project == "x" };', True,
             lambda mine, its, _: "project" in its and its["project"] == "x"
             and not ("project" in mine and mine["project"] == "x")),
        Rule(f"forbid(principal, {forbidden}, resource) "
             "when { resource has sensitivity && resource.sensitivity == 3 } "
             "unless { principal has clearance && principal.clearance == 3 };", True,
             lambda mine, its, _: "sensitivity" in its and level(its["sensitivity"]) == 3
             and not ("clearance" in mine and level(mine["clearance"]) == 3)),
    ]
    if group:
        rules.append(Rule(
            f'permit(principal in Group::"{group}", {READ}, resource) '
            f'when {{ resource has department && resource.department == "{department}" }};', False,
            lambda _, its, groups: group in groups and "department" in its
            and its["department"] == department))
    chosen = chance.sample(rules[1:], chance.randrange(4))
    return [rules[0], *chosen] if chance.random() < 0.8 or not chosen else chosen


def allowed(rules, user, document):
    """`user`: id, attributes, groups. `document`: kind, owner, granted (ids), label. A rule that
    cannot be decided allows nothing, and denies."""
    given = document["owner"] == user["id"] or bool(
        {user["id"], *user["groups"]} & set(document["granted"]))
    if document["kind"] == "personal":
        return given
    mine, its = Asked(user["attributes"]), Asked(document["label"])
    permitted = given
    for rule in rules:
        try:
            holds = rule.holds(mine, its, user["groups"])
        except Undecided:
            holds = rule.forbids
        if holds and rule.forbids:
            return False
        permitted = permitted or holds
    return permitted


def some_attributes(chance, level_name):
    """A clearance for users, a sensitivity for documents; each may be missing."""
    attributes = {}
    if chance.random() < 0.8:
        attributes["department"] = chance.choice(DEPARTMENTS)
    if chance.random() < 0.85:
        attributes[level_name] = chance.choice(LEVELS)
    if chance.random() < 0.2:
        attributes["project"] = chance.choice("xy")
    if chance.random() < 0.4:
        attributes["region"] = chance.choice(REGIONS)
    return attributes
