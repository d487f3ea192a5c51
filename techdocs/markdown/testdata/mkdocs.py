"""Writes what MkDocs makes of the samples in dialect/, with what mkdocs-techdocs-core switches on.

Needs Markdown 3.4, pymdown-extensions 9.5 and mdx_truly_sane_lists 1.3 (Debian: python3-markdown, python3-pymdownx):

    python3 mkdocs.py dialect/*.md
"""

import sys

import markdown
from pymdownx.emoji import to_alt

EXTENSIONS = [
    "toc", "admonition", "pymdownx.details", "pymdownx.tabbed", "pymdownx.caret", "pymdownx.critic", "pymdownx.emoji",
    "pymdownx.inlinehilite", "pymdownx.magiclink", "pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.highlight", "pymdownx.extra",
    "pymdownx.tasklist", "pymdownx.tilde", "mdx_truly_sane_lists",
]
CONFIGS = {
    "toc": {"permalink": True},
    "pymdownx.tabbed": {"alternate_style": True},
    "pymdownx.emoji": {"emoji_generator": to_alt},  # the character in place of an image from elsewhere
    "pymdownx.highlight": {"linenums": True, "pygments_lang_class": True},
    "pymdownx.tasklist": {"custom_checkbox": True},
    "pymdownx.extra": {"pymdownx.betterem": {"smart_enable": "all"}},
}

for name in sys.argv[1:]:
    extensions, configs = list(EXTENSIONS), dict(CONFIGS)
    if name.endswith("keys.md"):
        extensions.append("pymdownx.keys")
    if name.endswith("math.md"):
        extensions.append("pymdownx.arithmatex")
        configs["pymdownx.arithmatex"] = {"generic": True}
    with open(name, encoding="utf-8") as f:
        html = markdown.markdown(f.read(), extensions=extensions, extension_configs=configs)
    with open(name.removesuffix(".md") + ".mkdocs.html", "w", encoding="utf-8") as f:
        f.write(html + "\n")
