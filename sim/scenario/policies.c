/* The policies of a scenario: names, options, labels, and which follows which. */
#include <string.h>

#include "base/text.h"
#include "loader.h"
#include "sim/engine/answers.h"

static const char **policy_names(const char *names[SCENARIO_MAX_POLICIES]) {
    size_t n = 0;
    for (; POLICIES[n] && n < SCENARIO_MAX_POLICIES - 1; n++) names[n] = POLICIES[n]->name;
    names[n] = NULL;
    return names;
}

static bool unknown_policy(portolan_error *err, text_mark mark, const char *name) {
    const char *names[SCENARIO_MAX_POLICIES];
    char allowed[512], hint[HINT_TEXT];
    list_words(allowed, sizeof allowed, policy_names(names));
    return error_input(err, mark, "there is no policy '%.60s'%s; known are %s", name, word_hint(hint, name, names),
                       allowed);
}

/* "confidence(threshold=0.9,exits=all)" */
static const char *descriptive_label(scenario_loader *l, const char *name, const yaml_node *options) {
    char text[256];
    size_t used = (size_t)snprintf(text, sizeof text, "%.60s(", name);
    for (size_t i = 0; options && i < options->count; i++) {
        const yaml_node *value = options->items[2 * i + 1];
        if (value->kind != YAML_SCALAR) continue;
        int n = snprintf(text + used, sizeof text - used, "%s%.40s=%.40s", used > strlen(name) + 1 ? "," : "",
                         options->items[2 * i]->text, value->text);
        used = n < 0 || (size_t)n >= sizeof text - used ? sizeof text - 2 : used + (size_t)n;
    }
    snprintf(text + used, sizeof text - used, ")");
    char shown[4 * sizeof text]; /* a label is printed */
    text_printable(shown, sizeof shown, text);
    const char *label = arena_text(&l->s->memory, shown, strlen(shown));
    if (!label) error_memory(l->err, sizeof shown);
    return label;
}

/* A policy as it stands in the list: a name, or a map of one name to its options. */
typedef struct policy_item {
    const yaml_node *name;
    const yaml_node *options; /* NULL: none */
} policy_item;

static bool split_item(const yaml_node *node, policy_item *item, portolan_error *err) {
    *item = (policy_item){node, NULL};
    if (node->kind == YAML_SCALAR) return true;
    if (node->kind != YAML_MAP || node->count != 1)
        return error_input(err, node->mark,
                           "a policy is a name or a map of one name to its options, like "
                           "{confidence: {threshold: 0.8}}");
    item->name = node->items[0];
    const yaml_node *options = node->items[1];
    if (options->kind == YAML_SCALAR && !*options->text) return true;
    item->options = options;
    return yaml_expect(options, YAML_MAP, "the options of a policy", err);
}

/* A router belongs to a model's embedding layer, and to the layers its tiers have. */
static bool check_router(scenario_loader *l, const policy_setup *setup, text_mark mark) {
    const scenario *s = l->s;
    const router *r = setup->type->router(setup->options);
    const char *file = setup->file.path;
    if (memcmp(r->depth, s->depth, sizeof r->depth) != 0)
        return error_input(l->err, mark,
                           "the router %s was made for the split %u/%u/%u, the scenario has %u/%u/%u; `portolan "
                           "map --split %u,%u,%u` makes one for it",
                           file, r->depth[0], r->depth[1], r->depth[2], s->depth[0], s->depth[1], s->depth[2],
                           s->depth[0], s->depth[1], s->depth[2]);
    if (!s->answers && s->table.v_size != r->size)
        return error_input(l->err, mark,
                           "'%s' needs v(x), %u numbers, of which the outcome table of 'model' has %u; "
                           "`portolan outcomes --router %s` makes a table that has them",
                           setup->type->name, r->size, s->table.v_size, file);
    return !s->answers || answers_suit_router(s->answers, r) ||
           error_input(l->err, mark,
                       "the router %s was made for another model: its embedding layer has another hash; "
                       "`portolan map` makes one for this model",
                       file);
}

/* Lets the policy read its file, whose path in the tree then becomes absolute. */
static bool load_policy(scenario_loader *l, policy_setup *setup, const yaml_node *options) {
    const yaml_node *named = yaml_find(options, "router");
    policy_files files = {.memory = &l->s->memory,
                          .at = options,
                          .model = l->s->answers ? l->s->inputs[FILE_MODEL].path : NULL};
    portolan_error inner = {0};
    if (!setup->type->load(setup->options, &files, &inner)) return scenario_inner_error(l, options->mark, &inner);
    return scenario_note_input(l, &setup->file, files.read) && (!named || scenario_absolute(l, named, files.read)) &&
           (!setup->type->router || check_router(l, setup, options->mark));
}

static bool read_policy(scenario_loader *l, const yaml_node *node, bool name_is_taken, policy_setup *setup) {
    policy_item item;
    if (!split_item(node, &item, l->err)) return false;
    const policy_type *type = policy_find(item.name->text);
    if (!type) return unknown_policy(l->err, item.name->mark, item.name->text);
    *setup = (policy_setup){.type = type, .label = type->name, .follows = -1};
    setup->options = arena_alloc(&l->s->memory, 1, type->size);
    if (!setup->options) return error_memory(l->err, type->size);
    yaml_node none = {.kind = YAML_MAP, .mark = item.name->mark};
    const yaml_node *options = item.options ? item.options : &none;
    unsigned needs = 0;
    if (!yaml_read(options, type->name, type->options, setup->options, l->err) ||
        (type->check && !type->check(setup->options, options, &needs, l->err)) ||
        (type->load && !load_policy(l, setup, options)))
        return false;
    if ((needs & POLICY_NEEDS_PROBABILITIES) && !l->s->table.probabilities)
        return error_input(l->err, item.name->mark,
                           "'%s' needs every class's probability, but the outcome table of "
                           "'model' holds only confidences%s",
                           type->name, type == policy_find("entropy") ? "; write 'entropy_from: confidence'" : "");
    const char *as = ((policy_common *)setup->options)->label;
    if (as)
        setup->label = as;
    else if (name_is_taken)
        setup->label = descriptive_label(l, type->name, item.options);
    return setup->label != NULL;
}

/* Whether another item of the list, without a name of its own (`as:`), is the same policy. */
static bool appears_twice(const yaml_node *list, const yaml_node *node) {
    policy_item here, other;
    portolan_error ignored = {0};
    if (!split_item(node, &here, &ignored)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] != node && split_item(list->items[i], &other, &ignored) &&
            strcmp(here.name->text, other.name->text) == 0 && !yaml_find(other.options, "as"))
            return true;
    return false;
}

static bool check_label(scenario_loader *l, size_t i, text_mark mark) {
    for (size_t k = 0; k < i; k++)
        if (strcmp(l->s->policies[k].label, l->s->policies[i].label) == 0)
            return error_input(l->err, mark, "two policies are called '%s'; give one of them another name with 'as:'",
                               l->s->policies[i].label);
    return true;
}

static bool resolve_follows(scenario_loader *l, const yaml_node *list) {
    scenario *s = l->s;
    for (size_t i = 0; i < s->policy_count; i++) {
        policy_setup *setup = &s->policies[i];
        if (!setup->type->follows) continue;
        const char *label = setup->type->follows(setup->options);
        for (size_t k = 0; k < s->policy_count; k++)
            if (strcmp(s->policies[k].label, label) == 0) setup->follows = (int)k;
        if (setup->follows < 0 || s->policies[setup->follows].type->follows)
            return error_input(l->err, list->items[i]->mark,
                               "'match: %s' names %s; it must be the label of another policy "
                               "of this scenario",
                               label,
                               setup->follows < 0 ? "no policy of this list" : "a policy that follows one itself");
    }
    return true;
}

bool scenario_read_policies(scenario_loader *l) {
    scenario *s = l->s;
    const yaml_node *list = l->keys.policies;
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    if (!list->count || list->count > SCENARIO_MAX_POLICIES)
        return error_input(l->err, list->mark, "'policies' lists %zu policies; 1 to %d are allowed", list->count,
                           SCENARIO_MAX_POLICIES);
    s->policies = arena_alloc(&s->memory, list->count, sizeof *s->policies);
    if (!s->policies) return error_memory(l->err, list->count * sizeof *s->policies);
    for (size_t i = 0; i < list->count; i++) {
        const yaml_node *node = list->items[i];
        if (!read_policy(l, node, appears_twice(list, node), &s->policies[i]) || !check_label(l, i, node->mark))
            return false;
        s->policy_count++;
    }
    return resolve_follows(l, list);
}

/* --policy: keeps the items of that label or name, in the order asked for; a name that is not in the list is added with
 * its default options. */
bool scenario_choose_policies(scenario_loader *l, char *const *only, size_t count) {
    yaml_node *root = l->s->documents[0].root, *list = (yaml_node *)yaml_find(root, "policies");
    if (!list) return true; /* the missing key is reported later */
    if (!yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    yaml_node **items = arena_alloc(&l->s->memory, count * (list->count + 1), sizeof *items);
    yaml_node *fresh = arena_alloc(&l->s->memory, count, sizeof *fresh);
    if (!items || !fresh) return error_memory(l->err, count * (list->count + 1) * sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = kept;
        for (size_t k = 0; k < list->count; k++) {
            policy_item item;
            if (!split_item(list->items[k], &item, l->err)) return false;
            const yaml_node *as = yaml_find(item.options, "as");
            bool called = strcmp(item.name->text, only[i]) == 0 ||
                          (as && as->kind == YAML_SCALAR && strcmp(as->text, only[i]) == 0);
            if (called) items[kept++] = list->items[k];
        }
        if (kept > before) continue;
        fresh[i] = (yaml_node){.kind = YAML_SCALAR, .mark = {"--policy", 1, 1}, .text = only[i], .plain = true};
        items[kept++] = &fresh[i];
    }
    list->items = items;
    list->count = kept;
    return true;
}
