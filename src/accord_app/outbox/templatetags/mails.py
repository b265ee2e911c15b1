"""Turn MJML into HTML that mail programs show alike."""

from __future__ import annotations

import mrml
from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


class MjmlNode(template.Node):
    """Everything between the two tags, blocks included, rendered and then translated."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> SafeString:
        """The HTML. What the templates show has been escaped before it is translated."""
        return mark_safe(mrml.to_html(self.nodelist.render(context)).content)  # noqa: S308


@register.tag
def mjml(parser: Parser, token: Token) -> MjmlNode:
    """`{% mjml %}…{% endmjml %}`."""
    nodelist = parser.parse(("endmjml",))
    parser.delete_first_token()
    return MjmlNode(nodelist)
