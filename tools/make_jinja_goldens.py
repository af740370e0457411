#!/usr/bin/env python3
"""Renders the snippets below with jinja2, set up as transformers sets it up for chat templates.

Usage: make_jinja_goldens.py > tests/engine/fixtures/jinja.json
Needs: pip install jinja2==3.1.2 markupsafe==3.0.*
Each case has `out`, or `error` (message), or `raised` (raise_exception), or `syntax` (does not parse).
"""
import copy
import datetime
import json
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

NOW = datetime.datetime(2025, 7, 10, 12, 34, 56, 7890)
VARIABLES = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi <b> & 'you'", "n": 2},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "args": {"x": 1.5, "y": [True, None]}}]},
    ],
    "names": ["b", "A", "c", "a"],
    "word": "Ünïcödé 你好 🙂",
    "text": "  one two\n three  ",
    "n": 7,
    "f": 2.5,
    "yes": True,
    "nothing": None,
    "empty": {},
    "nested": {"b": {"z": 1, "a": [1, {"k": "v"}]}, "a": "x\"y\\z\n\t\u0001\u007fé🙂"},
    "pairs": [["x", 1], ["y", 2]],
    "people": [{"name": "Bo", "age": 3}, {"name": "al", "age": 2}, {"name": "Cy", "age": 3}],
}

SNIPPETS = r"""
# white space control
a\n  {% if yes %}\n  b\n  {% endif %}\nc\n
a  {%- if yes -%}  b  {%- endif -%}  c
a\n  {%+ if yes %}\n  b\n  {%+ endif +%}\nc
{# gone #}\nx {#- gone -#} y\n  {# alone #}\nz
{{ 1 }}\n{{ 2 -}}\n {{- 3 }}
a\n\n
{% raw %}{{ x }} {% if %}{% endraw %}
x {%- raw -%}  {{ a }}  {%- endraw -%} y
  {% raw %}\nq\n  {% endraw %}\nr
line\r\nother\rlast\r\n
\n  {#- c #}\n  {% set a = 1 %}\n{{ a }}
# literals
{{ 1 }} {{ -1 }} {{ 1.0 }} {{ 1e3 }} {{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789012345680.0 }}
{{ 0.1 + 0.2 }} {{ 1/3 }} {{ 2.0**70 }} {{ 1e22 }} {{ 1e-5 }} {{ 0.0001 }} {{ -0.0 }} {{ 5e-324 }}
{{ 'a\nb\t\x41\u00e9\U0001F642\101\q' }}{{ "it's" }}{{ 'say "x"' }}
{{ 'a' 'b' "c" }}
{{ true }} {{ True }} {{ false }} {{ none }} {{ None }}
{{ [1, 'a', 2.5, none, true, [], {}, (), (1,), (1, 2)] }}
{{ {'a': 1, 2: 'b', none: 3, true: 4, 1.5: [1]} }}
{{ {1: 'a', 1.0: 'b', true: 'c'} }}
{{ ['it\'s', "q\"q", 'both\'"', 'é\n\x00\u200b'] }}
{{ (1, 2) + (3,) }} {{ [1] + [2] }} {{ [0] * 3 }} {{ 'ab' * 2 }} {{ 2 * 'ab' }}
# arithmetic
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }}
{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7.5 % -2 }} {{ 1 - 2 - 3 }} {{ 2 * 3 + 4 * 5 }} {{ 2 ** 3 ** 2 }}
{{ 1 + true }} {{ true + true }} {{ 3 * false }} {{ -true }}
{{ 1 / 0 }}
{{ 1 % 0 }}
{{ 1.0 // 0 }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ nothing + 'a' }}
{{ [1] + 'a' }}
{{ 'a' ~ 1 ~ none ~ 2.0 ~ [1] ~ missing ~ true }}
# comparisons and logic
{{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' == 'a' }} {{ [1] == [1.0] }} {{ {'a': 1} == {'a': 1.0} }} {{ (1,) == [1] }} {{ missing == missing }} {{ none == false }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 != 2 }} {{ 'é' > 'z' }}
{{ 1 < 'a' }}
{{ 'a' in 'cat' }} {{ 1 in [1.0] }} {{ 'a' in {'a': 1} }} {{ 'x' not in 'cat' }} {{ missing in [1] }} {{ 1 in missing }}
{{ 1 in 'abc' }}
{{ 'a' in none }}
{{ 0 or 'x' }} {{ '' and 'y' }} {{ 1 and 2 }} {{ not 0 }} {{ not not 'a' }} {{ none or false }} {{ [] or {} or 0.0 or 'last' }}
{{ 'y' if n > 3 else 'z' }}{{ 'q' if n > 30 }}{{ 1 if 0 else 2 if 0 else 3 }}
{{ not 1 == 2 }} {{ (not 1) == 2 }} {{ 1 if missing else 2 }}
# lookups and undefined
{{ missing }}|{{ messages[9] }}|{{ messages[0].nope }}|{{ messages[0]['nope'] }}|{{ word.nope }}
{{ missing.x }}
{{ messages[9].x }}
{{ messages[0].nope.x }}
{{ nothing.x.y }}
{{ missing + 1 }}
{{ missing() }}
{{ word() }}
{{ messages[0].content.nope() }}
{{ missing | length }} {{ missing | list }} {{ missing | string }}|{% for x in missing %}x{% endfor %}
{{ messages.0.role }} {{ messages[-1].role }} {{ messages[0]['role'] }} {{ pairs.1.0 }}
{{ word[0] }} {{ word[-1] }} {{ word[9] }} {{ word[1:4] }} {{ word[::-1] }} {{ word[-4:] }} {{ word[::2] }} {{ word[100:] }}|
{{ names[1:] }} {{ names[:-1] }} {{ names[::-1] }} {{ names[::2] }} {{ (1,2,3)[1:] }} {{ names[5:1] }} {{ names[-2:] }}
{{ nothing[1:] }}
{{ n[0] }}|{{ nothing[0] }}|{{ nothing['a'] }}
{{ names['x'] }}|{{ empty['items'] is defined }}|{{ empty.items is callable }}
{{ messages[1:] | length }} {{ names.count('a') }} {{ names.index('c') }}
# statements
{% for x in names %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.first }}/{{ loop.last }}/{{ loop.length }}/{{ loop.revindex }}/{{ loop.revindex0 }}:{{ x }} {% endfor %}
{% for x in names %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}
{% for x in [] %}a{% else %}none{% endfor %}|{% for x in [1] if x > 1 %}a{% else %}none{% endfor %}
{% for x in names if x != 'c' %}{{ loop.index }}{{ x }}{% endfor %}
{% for a, b in pairs %}{{ a }}={{ b }};{% endfor %}{% for k, v in nested.items() %}{{ k }},{% endfor %}
{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [[1]] %}{% endfor %}
{% for a, b in [[1, 2, 3]] %}{% endfor %}
{% for x in nothing %}{% endfor %}
{% for x in n %}{% endfor %}
{% for x in 'hé🙂' %}{{ x }}.{% endfor %}{% for k in nested %}{{ k }}{% endfor %}
{% for x in range(10) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in [1, 2] %}{{ loop.cycle('odd', 'even') }}{{ loop.changed(x // 2) }} {% endfor %}
{% for x in [[1, [2, [3]]]] recursive %}[{% if x is iterable %}{{ loop(x) }}{% else %}{{ x }}@{{ loop.depth }}{% endif %}]{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}
{% set ns = namespace(x=1, y='a') %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}{{ ns }}
{% set a.b = 1 %}
{% set n.b = 1 %}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}
{% set x %}  in {{ n }} {% endset %}[{{ x }}]{% set y | upper | trim %} q {% endset %}[{{ y }}]
{% if n > 10 %}a{% elif n > 5 %}b{% else %}c{% endif %}{% if nothing %}x{% elif 0 %}y{% endif %}
{% if yes %}{% set z = 5 %}{% endif %}{{ z }}
{% with a = 1, b = n %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a }}{{ c }}
{% macro f(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }};{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(c=4, a=5) }}{{ f() }}
{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, k=4) }}
{% macro f(a) %}x{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}x{% endmacro %}{{ f(q=2) }}
{% macro f(a, b=a) %}{{ b }}{% endmacro %}{{ f(3) }}
{% macro f() %}{{ later }}{% endmacro %}{% set later = 'L' %}{{ f() }}
{% macro f(d) %}{% if d > 0 %}{{ d }}{{ f(d - 1) }}{% endif %}{% endmacro %}{{ f(4) }}
{% macro f(x) %}<{{ caller(x) }}>{% endmacro %}{% call(v) f(3) %}v={{ v }} n={{ n }}{% endcall %}
{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*[1]) }}{{ f(**{'a': 2}) }}{{ f }}
{% filter upper | replace('A', 'b') %}a {{ n }}{% endfilter %}
{% generation %}g{{ n }}{% set inner = 1 %}{% endgeneration %}{{ inner }}
{% print n, 'x' %}{% print (1, 2) %}
{{ 1, 2 }}{{ () }}
# filters
{{ text | trim }}|{{ 'xxaxx' | trim('x') }}|{{ word | upper }}|{{ word | lower }}|{{ 'hELLO wORLD' | capitalize }}|{{ "they're bill's-friend (ok)" | title }}
{{ names | sort }} {{ names | sort(reverse=true) }} {{ names | sort(case_sensitive=true) }} {{ people | sort(attribute='age,name') | map(attribute='name') | list }}
{{ [3, 'a'] | sort }}
{{ names | unique | list }} {{ names | min }} {{ names | max }} {{ [] | max }}|{{ [1, 3, 2] | max }} {{ people | max(attribute='age') }}
{{ [1, 2, 3] | sum }} {{ people | sum(attribute='age') }} {{ [] | sum }} {{ [[1], [2]] | sum(start=[]) }} {{ [0.1, 0.2] | sum }}
{{ names | join }} {{ names | join(', ') }} {{ people | join('-', attribute='age') }} {{ [1, none, 'x'] | join('|') }} {{ 'abc' | join('.') }}
{{ names | first }} {{ names | last }} {{ [] | first }}|{{ 'xyz' | first }}{{ 'xyz' | last }} {{ names | length }} {{ nested | count }} {{ word | length }}
{{ missing | default('d') }} {{ '' | default('d') }}|{{ '' | default('d', true) }} {{ nothing | default('d') }} {{ missing | d }}|
{{ nested | tojson }}
{{ nested | tojson(indent=2) }}
{{ nested | tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':')) }}
{{ [1.0, 1e20, 1e-7, true, none, [], {}, (1, 2)] | tojson }}{{ [] | tojson(indent=4) }}{{ {'a': {}} | tojson(indent=4) }}
{{ {1: 2, none: 3, true: 4, 1.5: 5} | tojson }}
{{ missing | tojson }}
{{ {(1, 2): 3} | tojson }}
{{ '<a href="x">&\'</a>' | tojson }}{{ '<' | e }}{{ '<' | escape | safe }}{{ '<&' | forceescape }}
{{ ('<b>' | safe) + '<i>' }} {{ '<i>' + ('<b>' | safe) }} {{ ('<b>' | safe) ~ '<i>' }} {{ ('<b>' | safe) | upper }} {{ ('%s' | safe) % '<' }} {{ [('a' | safe)] }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('content') | map(attribute='role') | list }} {{ messages | selectattr('tool_calls', 'defined') | map(attribute='role') | first }}
{{ [0, 1, '', 'a', none] | select | list }} {{ [1, 2, 3, 4] | select('even') | list }} {{ [1, 2, 3] | reject('gt', 1) | list }} {{ [1, 'a'] | select('string') | list }}
{{ names | map('upper') | list }} {{ names | map('replace', 'a', 'z') | join }} {{ people | map(attribute='nope', default='?') | list }} {{ pairs | map(attribute=0) | list }} {{ pairs | map(attribute='1') | list }}
{{ names | map('nope') | list }}
{% set g = names | map('upper') %}{{ g | first }}{{ g | list }}{{ g | list }}
{{ (names | map('upper')) | length }}
{{ (names | map('upper'))[0] }}|
{{ 42 | int }} {{ '42' | int }} {{ ' 42.9 ' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ '0x1f' | int(base=16) }} {{ 3.99 | int }} {{ nothing | int }} {{ true | int }} {{ '-7' | int }} {{ '1_0' | int }}
{{ '1.5' | float }} {{ 'x' | float }} {{ 2 | float }} {{ '1e3' | float }} {{ 'x' | float(1) }} {{ ' nan ' | float }} {{ '-inf' | float }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 7 | round }} {{ 1234 | round(-2) }} {{ -2.5 | round }} {{ 0.5 | round | int }}
{{ -3 | abs }} {{ -2.5 | abs }} {{ 'a,b' | replace(',', ';') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'abc' | reverse }} {{ [1, 2] | reverse | list }} {{ 'ab' | replace('', '-') }}
{{ 'x\ny\n\nz' | indent }}|{{ 'x\ny' | indent(2, true) }}|{{ 'x\n\ny' | indent('>', blank=true) }}|{{ 'x\n' | indent(1) }}|
{{ nested | dictsort }} {{ {'b': 1, 'A': 2} | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }} {{ {'b': 1, 'A': 2} | dictsort(true) }} {{ {'a': 1, 'b': 2} | dictsort(reverse=true) }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 'x') | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }} {{ [1, 2, 3] | slice(2, 0) | list }}
{% for k, g in people | groupby('age') %}{{ k }}:{{ g | map(attribute='name') | join(',') }};{% endfor %}{{ (people | groupby('age'))[0].grouper }}{{ (people | groupby('name'))[0].list }}
{{ nested | items | list }} {{ missing | items | list }} {{ nested | list }} {{ nested | string }}
{{ 5 | items | list }}
{{ '%s and %d and %.2f and %5s|%-5s|%05d|%x|%r|%%' | format('a', 3.7, 2.345, 'r', 'l', 42, 255, 'q') }}
{{ '%(a)s' | format(a=1) }} {{ '%s' % 'x' }} {{ '%s %s' % (1, 2) }} {{ '%d%%' % 5 }} {{ '%+d % d %e %g %G' % (1, 2, 12345.678, 0.00001, 1e20) }} {{ '%c%c' % ('a', 66) }} {{ '%#x %#o %X' % (255, 8, 255) }}
{{ '%s %s' % 1 }}
{{ '%d' % 'a' }}
{{ 'x' % 1 }}
{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, true) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, false, '..', 0) }}
{{ 'a b&c/é' | urlencode }} {{ {'a b': 'c&d'} | urlencode }} {{ 'one two, three' | wordcount }} {{ 'ab' | center(6) }}|
{{ names | nope }}
{% if false %}{{ names | nope }}{% endif %}ok
{{ (names | nope) if false else 'ok' }}
{% if true %}{{ names | nope }}{% endif %}
{{ 1 is nope }}
{{ names | sort('x', 'y', 'z', 'w') }}
{{ names | join(nope=1) }}
# tests
{{ n is defined }} {{ missing is undefined }} {{ missing is not defined }} {{ nothing is none }} {{ n is number }} {{ yes is number }} {{ word is string }} {{ names is sequence }} {{ nested is mapping }} {{ names is iterable }} {{ n is iterable }} {{ word is iterable }} {{ nested is sequence }}
{{ yes is boolean }} {{ n is boolean }} {{ yes is true }} {{ 1 is true }} {{ false is false }} {{ n is integer }} {{ yes is integer }} {{ f is float }} {{ n is float }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }}
{{ 1 is eq 1 }} {{ 1 is ne 1 }} {{ 1 is lt 2 }} {{ 1 is ge(1) }} {{ 1 is in [1] }} {{ 'A' is upper }} {{ 'a' is lower }} {{ 'é' is lower }} {{ none is sameas none }} {{ range is callable }} {{ ('a' | safe) is escaped }} {{ 'upper' is filter }} {{ 'odd' is test }}
{{ range(3) is sequence }} {{ nested.keys() is sequence }} {{ nested.items() is iterable }} {{ (names | map('upper')) is iterable }} {{ (names | map('upper')) is sequence }} {{ missing is iterable }} {{ namespace() is mapping }}
{{ n is not none and word is string }} {{ 'a' if missing is defined else 'b' }} {{ n is defined is true }}
{{ not n is defined }} {{ (n is defined) == true }}
# methods
{{ ' a b  c '.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.split(none, 1) }} {{ ' a b c '.rsplit(none, 1) }} {{ ''.split() }} {{ ''.split(',') }}
{{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.partition('x') }} {{ 'a\nb\r\nc\x0bd\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }}
{{ text.strip() }}|{{ text.lstrip() }}|{{ text.rstrip() }}|{{ 'xyax'.strip('xy') }}|{{ 'éaé'.strip('é') }}|{{ '\u3000a\u00a0'.strip() }}|
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.find('c') }} {{ 'abc'.find('x') }} {{ '你好你'.rfind('你') }} {{ '你好你'.find('你', 1) }} {{ 'aXbX'.count('X') }} {{ 'abab'.index('b') }} {{ 'abc'.startswith('bc', -2) }}
{{ 'abc'.index('x') }}
{{ 'hello World'.capitalize() }} {{ "they're here".title() }} {{ 'aBc'.swapcase() }} {{ 'STRASSE ß ŉ ﬁ'.upper() }} {{ 'ΑΣ ΑΣΑ'.lower() }} {{ 'İ'.lower() | length }} {{ 'Straße'.casefold() }} {{ 'ǆ'.title() }}
{{ 'ab'.center(7, '*') }} {{ 'ab'.ljust(4, '.') }} {{ 'ab'.rjust(4) }} {{ '-5'.zfill(4) }} {{ 'a'.join(['x', 'y']) }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('bc') }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'abc'.center(6) }}|
{{ ','.join([1, 2]) }}
{{ 'a1'.isalnum() }} {{ 'a'.isalpha() }} {{ '12'.isdigit() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '½'.isnumeric() }} {{ ' \t'.isspace() }} {{ 'Ab Cd'.istitle() }} {{ 'AB1'.isupper() }} {{ 'ab1'.islower() }} {{ ''.isalpha() }} {{ 'aé'.isascii() }} {{ '你好'.isalpha() }}
{{ '{} {}'.format(1, 'a') }} {{ '{1} {0} {x}'.format(1, 2, x=3) }} {{ '{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd') }} {{ '{:05d} {:,} {:.2f} {:x} {:b} {:+}'.format(42, 1234567, 3.14159, 255, 5, 7) }} {{ '{0[a]} {1[0]}'.format({'a': 1}, [2]) }} {{ '{{}}'.format() }} {{ '{!r}'.format('a') }} {{ '{:.3}'.format('abcdef') }} {{ '{:%}'.format(0.5) }} {{ '{:{w}}|'.format('a', w=4) }}
{{ '{}'.format() }}
{{ nested.items() }} {{ empty.keys() }} {{ {'a': 1}.values() }} {{ nested.get('b').get('z') }} {{ nested.get('q') }} {{ nested.get('q', 'd') }} {{ {'a': 1}.copy() }} {{ nested.keys() | list }}
{{ {'items': 1}['items'] }} {{ {'get': 2}['get'] }}
{{ names.append('x') }}
{{ nested.update({}) }}
{{ names.append }}|{{ names.append is defined }}
{{ [1, 2, 3].pop() }} {% set l = [1, 2, 3] %}{{ l.pop(0) }}{{ l }}
{{ word.__class__ }}|{{ word._x }}|{{ ''.__class__.__mro__ }}
{{ (1, 2, 1).count(1) }} {{ (1, 2).index(2) }} {{ range(5)[1:3] }} {{ range(1, 10, 3) | list }} {{ range(3, 0, -1) | list }} {{ range(2) }} {{ range(0, 4, 2) }} {{ range(5)[2] }} {{ 3 in range(5) }}
# globals
{{ dict(a=1, b=2) }} {{ dict({'a': 1}, b=3) }} {{ dict([['x', 1]]) }} {{ namespace({'a': 1}).a }}
{{ raise_exception('No <good>: ' ~ n) }}
before {% if yes %}{{ raise_exception("stop") }}{% endif %}
{{ strftime_now('%Y-%m-%d %H:%M:%S %f %j %A %b %e %p %% %y %B %d') }}|{{ strftime_now('') }}|{{ strftime_now('%z%Z') }}
{{ range(100001) }}
{{ cycler is defined }}{{ range(1000000000000) }}
# syntax
{{ }}
{{ 1 + }}
{% if %}{% endif %}
{% if yes %}
{% endif %}
{% for x names %}{% endfor %}
{{ 'abc }}
{{ (1 }}
{{ [1, }} }}
{# open
{% raw %} open
{% nope %}
{% set true = 1 %}
{% macro f(a=1, b) %}{% endmacro %}
{% break %}
{{ a b }}
{{ 1 is is }}
{{ foo(a=1, 2) }}
{{ ! }}
{% set x = 1 %}}{{ x }}
{% for x in names %}{% endif %}
"""


class Generation(jinja2.ext.Extension):
    """{% generation %}: renders its body, as transformers' extension does when nobody tracks it."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_run")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _run(self, caller):
        return caller()


class Raised(Exception):
    pass


def environment():
    def raise_exception(message):
        raise Raised(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(env, template):
    try:
        compiled = env.from_string(template)
    except (jinja2.TemplateSyntaxError, SyntaxError) as error:
        return {"syntax": str(error).splitlines()[0]}
    try:
        return {"out": compiled.render(copy.deepcopy(VARIABLES))}
    except Raised as error:
        return {"raised": str(error)}
    except Exception as error:  # whatever Python says is the golden
        return {"error": str(error)}


def main():
    env = environment()
    group, cases = "", []
    for line in SNIPPETS.strip("\n").split("\n"):
        if line.startswith("# "):
            group = line[2:]
            continue
        # Outside of tags, \n and \r in a snippet stand for line ends; inside they are the template's.
        template = expand(line)
        cases.append({"group": group, "template": template, **render(env, template)})
    json.dump(
        {"made_by": f"jinja2 {jinja2.__version__}", "variables": VARIABLES, "cases": cases},
        sys.stdout, ensure_ascii=True, indent=1,
    )
    print()


def expand(line):
    out, depth = "", 0
    i = 0
    while i < len(line):
        two = line[i : i + 2]
        if two in ("{{", "{%") and depth == 0:
            depth = 1
        elif two in ("}}", "%}") and depth == 1:
            depth = 0
        if depth == 0 and two in ("\\n", "\\r"):
            out += {"\\n": "\n", "\\r": "\r"}[two]
            i += 2
        else:
            out += line[i]
            i += 1
    return out


if __name__ == "__main__":
    main()
