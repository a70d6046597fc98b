/* The policies of a scenario: names or plug-ins, options, labels, and which follows which. */
#include <string.h>

#include "base/text.h"
#include "loader.h"

/* The policies of the table, then those that the caller brings. */
static const policy_type *type_at(const scenario_loader *l, size_t index) {
    size_t n = 0;
    for (; POLICIES[n]; n++)
        if (n == index) return POLICIES[n];
    for (const policy_type *const *own = l->changes->policies; own && *own; own++, n++)
        if (n == index) return *own;
    return NULL;
}

static const policy_type *find_policy(const scenario_loader *l, const char *name) {
    size_t i = 0;
    const policy_type *type = type_at(l, 0);
    while (type && strcmp(type->name, name) != 0) type = type_at(l, ++i);
    return type;
}

/* Those that the caller brings are as sound as those of a plug-in. */
static bool check_own(const scenario_loader *l) {
    char why[POLICY_WHY];
    for (const policy_type *const *own = l->changes->policies; own && *own; own++) {
        if (!policy_is_sound(*own, why)) return error_usage(l->err, "a policy of the program cannot be used: %s", why);
        for (const policy_type *const *other = l->changes->policies; other <= own; other++)
            if (policy_find((*own)->name) || (other < own && strcmp((*other)->name, (*own)->name) == 0))
                return error_usage(l->err, "a policy of the program is called '%s', as another one is", (*own)->name);
    }
    return true;
}

static bool unknown_policy(scenario_loader *l, text_mark mark, const char *name) {
    const char *names[SCENARIO_MAX_POLICIES] = {0};
    char allowed[512], hint[HINT_TEXT];
    for (size_t i = 0; i < SCENARIO_MAX_POLICIES - 1 && type_at(l, i); i++) names[i] = type_at(l, i)->name;
    list_words(allowed, sizeof allowed, names);
    return error_input(l->err, mark, "there is no policy '%.60s'%s; known are %s", name, word_hint(hint, name, names),
                       allowed);
}

/* "; write 'entropy_from: confidence'", if another choice of an option makes do without what is needed. */
static const char *other_choice(const policy_setup *setup, unsigned need, char hint[HINT_TEXT]) {
    for (const policy_option *o = setup->type->options; o && o->name; o++) {
        if (o->kind != OPTION_CHOICE || !o->needs) continue;
        for (int i = 0; o->choices[i]; i++)
            if (!(o->needs[i] & need)) snprintf(hint, HINT_TEXT, "; write '%s: %s'", o->name, o->choices[i]);
    }
    return hint;
}

/* A policy as it stands in the list: a name, a map of one name to its options, or a map with the key `plugin` or `python`, and
 * the options beside it. */
typedef struct policy_item {
    const yaml_node *name;    /* or the path */
    const yaml_node *options; /* NULL: none */
    bool from_file;           /* a plug-in */
    const char *language;     /* of a file whose plug-in is ours; NULL: none */
} policy_item;

static bool is_plugin_key(const yaml_node *key) {
    return strcmp(key->text, "plugin") == 0 || strcmp(key->text, "python") == 0;
}

static bool split_item(const yaml_node *node, policy_item *item, portolan_error *err) {
    *item = (policy_item){.name = node};
    if (node->kind == YAML_SCALAR) return true;
    const yaml_node *path = yaml_find(node, "plugin");
    if (path) {
        *item = (policy_item){path, node, true, NULL};
        return yaml_expect(path, YAML_SCALAR, "plugin", err);
    }
    const yaml_node *program = yaml_find(node, "python");
    if (program) {
        *item = (policy_item){program, node, false, "python"};
        return yaml_expect(program, YAML_SCALAR, "python", err);
    }
    if (node->kind != YAML_MAP || node->count != 1)
        return error_input(err, node->mark,
                           "a policy is a name, a map of one name to its options, like {confidence: {threshold: 0.8}}, "
                           "or a map with the key 'plugin' or 'python', like {plugin: ./mine.so, threshold: 0.8}");
    item->name = node->items[0];
    const yaml_node *options = node->items[1];
    if (options->kind == YAML_SCALAR && !*options->text) return true;
    item->options = options;
    return yaml_expect(options, YAML_MAP, "the options of a policy", err);
}

/* The item's type; of a plug-in, `input` gets the file. */
static const policy_type *type_of(scenario_loader *l, const policy_item *item, scenario_input *input) {
    const yaml_node *name = item->name;
    if (item->language) {
        const char *host = scenario_host_path(l, item->language, name->mark);
        return host ? scenario_load_plugin(l, host, name->mark, input) : NULL;
    }
    if (!item->from_file) {
        const policy_type *type = find_policy(l, name->text);
        if (!type) unknown_policy(l, name->mark, name->text);
        return type;
    }
    const char *path = file_resolve(&l->s->memory, name->mark.file, name->text, name->mark, l->err);
    const policy_type *type = path ? scenario_load_plugin(l, path, name->mark, input) : NULL;
    return type && scenario_absolute(l, name, path) ? type : NULL;
}

/* "confidence(threshold=0.9,exits=all)" */
static const char *descriptive_label(scenario_loader *l, const char *name, const yaml_node *options) {
    char text[256];
    size_t used = (size_t)snprintf(text, sizeof text, "%.60s(", name);
    for (size_t i = 0; options && i < options->count; i++) {
        const yaml_node *key = options->items[2 * i], *value = options->items[2 * i + 1];
        if (value->kind != YAML_SCALAR || is_plugin_key(key)) continue;
        int n = snprintf(text + used, sizeof text - used, "%s%.40s=%.40s", used > strlen(name) + 1 ? "," : "",
                         key->text, value->text);
        used = n < 0 || (size_t)n >= sizeof text - used ? sizeof text - 2 : used + (size_t)n;
    }
    snprintf(text + used, sizeof text - used, ")");
    char shown[4 * sizeof text]; /* a label is printed */
    text_printable(shown, sizeof shown, text);
    const char *label = arena_text(&l->s->memory, shown, strlen(shown));
    if (!label) error_memory(l->err, sizeof shown);
    return label;
}

/* What the policy needs and the outcome table has not; names the options that need less. */
static bool check_table(scenario_loader *l, const policy_setup *setup, text_mark mark) {
    char hint[HINT_TEXT] = "";
    const outcome_table *t = &l->s->table;
    if (setup->needs & POLICY_NEEDS_PROBABILITIES && !t->probabilities)
        return error_input(l->err, mark,
                           "'%s' needs every class's probability, but the outcome table of 'model' holds only "
                           "confidences%s",
                           setup->type->name, other_choice(setup, POLICY_NEEDS_PROBABILITIES, hint));
    if (setup->needs & POLICY_NEEDS_CONFIDENCE && t->lacks_confidence)
        return error_input(
            l->err, mark,
            "'%s' needs to know how sure each exit is, which the outcome table of 'model' does not say of "
            "all%s",
            setup->type->name, other_choice(setup, POLICY_NEEDS_CONFIDENCE, hint));
    return true;
}

static bool options_go_together(scenario_loader *l, policy_setup *setup, text_mark mark) {
    char why[POLICY_WHY] = "";
    bool good = setup->plugin.path ? scenario_check_plugin(l, setup, mark)
                : setup->type->check
                    ? setup->type->check(setup->options, &setup->needs, why) || error_input(l->err, mark, "%s", why)
                    : true;
    if (!good || !(setup->needs & POLICY_NEEDS_V) || policy_option_of(setup->type, OPTION_MAP)) return good;
    return error_input(l->err, mark, "'%s' needs v(x), but has no option that names a map", setup->type->name);
}

/* What one policy has learned is one scope's; without learning there is nothing to share. */
static bool read_scope(scenario_loader *l, const yaml_node *options, const policy_values *values, policy_setup *setup) {
    if (!setup->type->feedback) setup->needs &= ~(unsigned)POLICY_NEEDS_FEEDBACK;
    bool learns = setup->needs & POLICY_NEEDS_FEEDBACK;
    const yaml_node *named = yaml_find(options, "scope");
    setup->scope = learns ? (policy_scope)values->scope : SCOPE_FLEET;
    return learns || !named ||
           error_input(l->err, named->mark, "'%s' has no feedback, so there is no 'scope' of what it learned",
                       setup->label);
}

static bool read_options(scenario_loader *l, const yaml_node *options, bool from_file, policy_setup *setup,
                         policy_values *values) {
    yaml_field fields[POLICY_MAX_FIELDS];
    yaml_node known;
    policy_fields(setup->type, from_file, fields);
    setup->options = values->options;
    if (!scenario_read_rest(l, options, fields, setup, &known) ||
        !yaml_read(&known, setup->type->name, fields, values, l->err))
        return false;
    setup->needs = policy_needs(setup->type, setup->options);
    setup->other = values->other;
    return scenario_read_file(l, options, values, setup) && options_go_together(l, setup, options->mark) &&
           read_scope(l, options, values, setup) && scenario_read_map(l, options, values, setup);
}

static bool read_policy(scenario_loader *l, const yaml_node *node, policy_setup *setup) {
    policy_item item;
    if (!split_item(node, &item, l->err)) return false;
    *setup = (policy_setup){.follows = -1};
    const policy_type *type = setup->type = type_of(l, &item, &setup->plugin);
    if (!type) return false;
    bool is_programs = !item.from_file && !item.language && !policy_find(type->name);
    if (is_programs && !scenario_note_program(l, &setup->program)) return false;
    setup->label = type->name;
    size_t bytes = sizeof(policy_values) + type->size;
    policy_values *values = arena_alloc(&l->s->memory, 1, bytes);
    if (!values) return error_memory(l->err, bytes);
    yaml_node none = {.kind = YAML_MAP, .mark = item.name->mark};
    if (!read_options(l, item.options ? item.options : &none, item.from_file, setup, values) ||
        !check_table(l, setup, item.name->mark))
        return false;
    if (values->label) setup->label = values->label;
    return true;
}

/* Whether an item of the list has a name of its own (`as:`). */
static bool has_own_name(const yaml_node *node) {
    policy_item item;
    portolan_error ignored = {0};
    return split_item(node, &item, &ignored) && yaml_find(item.options, "as");
}

static bool same_policy(const policy_setup *a, const policy_setup *b) {
    bool same_program = a->program.path == b->program.path ||
                        (a->program.path && b->program.path && strcmp(a->program.path, b->program.path) == 0);
    return strcmp(a->type->name, b->type->name) == 0 && same_program;
}

/* Whether another item without a name of its own is the same policy. */
static bool appears_twice(const scenario *s, const yaml_node *list, size_t i) {
    for (size_t k = 0; k < list->count; k++)
        if (k != i && same_policy(&s->policies[k], &s->policies[i]) && !has_own_name(list->items[k])) return true;
    return false;
}

static bool check_label(scenario_loader *l, size_t i, text_mark mark) {
    for (size_t k = 0; k < i; k++)
        if (strcmp(l->s->policies[k].label, l->s->policies[i].label) == 0)
            return error_input(l->err, mark, "two policies are called '%s'; give one of them another name with 'as:'",
                               l->s->policies[i].label);
    return true;
}

/* Those that would be called alike are called by their options. */
static bool label_policies(scenario_loader *l, const yaml_node *list) {
    for (size_t i = 0; i < list->count; i++) {
        policy_item item;
        policy_setup *setup = &l->s->policies[i];
        if (!split_item(list->items[i], &item, l->err)) return false;
        if (!has_own_name(list->items[i]) && appears_twice(l->s, list, i))
            setup->label = descriptive_label(l, setup->label, item.options);
        if (!setup->label || !check_label(l, i, list->items[i]->mark)) return false;
    }
    return true;
}

static bool resolve_follows(scenario_loader *l, const yaml_node *list) {
    scenario *s = l->s;
    for (size_t i = 0; i < s->policy_count; i++) {
        policy_setup *setup = &s->policies[i];
        if (!setup->other) continue;
        const char *label = setup->other;
        for (size_t k = 0; k < s->policy_count; k++)
            if (strcmp(s->policies[k].label, label) == 0) setup->follows = (int)k;
        if (setup->follows < 0 || s->policies[setup->follows].other)
            return error_input(l->err, list->items[i]->mark,
                               "'%s: %s' names %s; it must be the label of another policy of this scenario",
                               policy_option_of(setup->type, OPTION_POLICY)->name, label,
                               setup->follows < 0 ? "no policy of this list" : "a policy that follows one itself");
    }
    return true;
}

bool scenario_read_policies(scenario_loader *l) {
    scenario *s = l->s;
    const yaml_node *list = l->keys.policies;
    if (!check_own(l) || !yaml_expect(list, YAML_LIST, "policies", l->err)) return false;
    if (!list->count || list->count > SCENARIO_MAX_POLICIES)
        return error_input(l->err, list->mark, "'policies' lists %zu policies; 1 to %d are allowed", list->count,
                           SCENARIO_MAX_POLICIES);
    s->policies = arena_alloc(&s->memory, list->count, sizeof *s->policies);
    if (!s->policies) return error_memory(l->err, list->count * sizeof *s->policies);
    for (; s->policy_count < list->count; s->policy_count++)
        if (!read_policy(l, list->items[s->policy_count], &s->policies[s->policy_count])) return false;
    return label_policies(l, list) && resolve_follows(l, list);
}

static bool item_is_called(scenario_loader *l, const yaml_node *node, const char *word, bool *called) {
    policy_item item;
    scenario_input ignored;
    if (!split_item(node, &item, l->err)) return false;
    const policy_type *plugin = item.from_file ? type_of(l, &item, &ignored) : NULL;
    if (item.from_file && !plugin) return false;
    const yaml_node *as = yaml_find(item.options, "as");
    const char *name = plugin          ? plugin->name
                       : item.language ? scenario_stem(&l->s->memory, item.name->text)
                                       : item.name->text;
    *called = (name && strcmp(name, word) == 0) || (as && as->kind == YAML_SCALAR && strcmp(as->text, word) == 0);
    return true;
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
            bool called;
            if (!item_is_called(l, list->items[k], only[i], &called)) return false;
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
