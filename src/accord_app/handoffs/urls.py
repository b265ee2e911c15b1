"""Addresses of the queue, its handoffs and their answers."""

from __future__ import annotations

from django.urls import path

from accord_app.handoffs import bench_pages, pages

app_name = "handoffs"
urlpatterns = [
    path("", pages.the_list, name="list"),
    path("handoffs.csv", pages.as_csv, name="csv"),
    path("bench/", bench_pages.bench, name="bench"),
    path("together/", pages.answer_together, name="together"),
    path("undo/", pages.undo, name="undo"),
    path("views/", pages.save_view, name="save_view"),
    path("views/<int:pk>/delete/", pages.delete_view, name="delete_view"),
    path("<slug:handoff_id>/", pages.one, name="one"),
    path("<slug:handoff_id>/accept/", pages.accept, name="accept"),
    path("<slug:handoff_id>/reject/", pages.reject, name="reject"),
    path("<slug:handoff_id>/recycle/", pages.recycle, name="recycle"),
    path("<slug:handoff_id>/qualify/", pages.qualify, name="qualify"),
    path("<slug:handoff_id>/against/", pages.against, name="against"),
    path("<slug:handoff_id>/touch/", pages.log_touch, name="touch"),
    path("<slug:handoff_id>/note/", pages.note, name="note"),
    path("<slug:handoff_id>/assign/", pages.assign, name="assign"),
    path("<slug:handoff_id>/reply/", pages.reply, name="reply"),
    path("<slug:handoff_id>/second-look/", pages.look_again, name="look_again"),
]
